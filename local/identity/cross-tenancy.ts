/**
 * The statements by which two tenancies let objects of the one be used from the other:
 * https://docs.oracle.com/en-us/iaas/Content/Object/Concepts/accessingresourcesacrosstenancies.htm
 */
export interface CrossTenancyStatement {
  /** `endorse` stands in the caller's tenancy, `admit` in the one that has the objects. */
  readonly kind: 'endorse' | 'admit';
  readonly verb: 'read' | 'use' | 'manage';
  /** OCID of the other tenancy; undefined for `any-tenancy`. */
  readonly tenancyId: string | undefined;
}

const DEFINE = /^define\s+tenancy\s+(\S+)\s+as\s+(\S+)$/i;
const ENDORSE =
  /^(?<kind>endorse)\s.+?\sto\s+(?<verb>read|use|manage)\s+object-family\s+in\s+(?:any-tenancy|tenancy\s+(?<alias>\S+))/i;
const ADMIT =
  /^(?<kind>admit)\s.+?\sof\s+(?:any-tenancy|tenancy\s+(?<alias>\S+))\s+to\s+(?<verb>read|use|manage)\s+object-family\s+in\s/i;

/** Those of one policy. A tenancy goes by a name that the same policy defines: without that a statement is void. */
export function crossTenancyStatements(statements: readonly string[]): CrossTenancyStatement[] {
  const trimmed = statements.map((statement) => statement.trim());
  const defined = new Map(
    trimmed.flatMap((statement) => {
      const [, alias, tenancyId] = DEFINE.exec(statement) ?? [];
      return alias && tenancyId ? [[alias.toLowerCase(), tenancyId]] : [];
    }),
  );
  return trimmed.flatMap((statement) => {
    const { kind, verb, alias } = (ENDORSE.exec(statement) ?? ADMIT.exec(statement))?.groups ?? {};
    const tenancyId = defined.get(alias?.toLowerCase() ?? '');
    if (!kind || !verb || (alias !== undefined && tenancyId === undefined)) return [];
    return [{ kind: kind.toLowerCase(), verb: verb.toLowerCase(), tenancyId } as CrossTenancyStatement];
  });
}
