/** What lets Object Storage copy into a compartment; it acts by itself, whatever the caller may do. */
export const copyStatement = (sourceRegion: string, compartmentId: string): string =>
  `Allow service objectstorage-${sourceRegion} to manage object-family in compartment id ${compartmentId}`;

/**
 * What both tenancies have to allow before the functions of the one copy into a bucket of the other, each in one policy.
 * https://docs.oracle.com/iaas/Content/Object/Concepts/accessingresourcesacrosstenancies.htm
 */
export const crossTenancyStatements = (sourceRegion: string): string[] => [
  'here: `Define tenancy Theirs as <their tenancy OCID>`, `Endorse dynamic-group <of the functions> to manage object-family in tenancy Theirs`',
  'there: `Define tenancy Ours as <our tenancy OCID>`, `Define dynamic-group OurFunctions as <its OCID>`, `Admit dynamic-group OurFunctions of tenancy Ours to manage object-family in compartment <of the bucket>`',
  `there, too: \`Allow service objectstorage-${sourceRegion} to manage object-family in compartment <of the bucket>\``,
];
