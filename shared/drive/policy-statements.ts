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

/** What stands for the functions in a statement that a function gives: it does not know its dynamic group. */
export const FUNCTIONS = "dynamic-group <the functions'>";

/** Likewise for the OCID of a compartment that only others can name. @param what "the bucket drop" */
export const compartmentIdOf = (what: string): string => `<of ${what}>`;

/** @param right "read objects" @param compartmentId undefined for the whole tenancy @param condition what comes after where */
export function functionStatement(right: string, compartmentId?: string, condition = ''): string {
  const place = compartmentId === undefined ? 'tenancy' : `compartment id ${compartmentId}`;
  return `Allow ${FUNCTIONS} to ${right} in ${place}${condition && ` where ${condition}`}`;
}
