/** On a rule: whose it is, `us-ashburn-1/NAMESPACE/LEDGER-BUCKET`. */
export const DEPLOYMENT_TAG = 'byoi-deployment';
/** On a rule: who creates, changes and deletes it. */
export const MANAGER_TAG = 'byoi-managed-by';
export type Manager = 'byoi' | 'terraform';

/** Where a deployment's ledger is: what it is known by. */
export const deploymentTag = (ledger: { region: string; namespace: string; bucket: string }): string =>
  `${ledger.region}/${ledger.namespace}/${ledger.bucket}`;

/** Those of the deployment: no other rule is looked at any further. Deleted ones may still be listed for a while. */
export function isOwn(
  rule: { readonly lifecycleState: string; readonly freeformTags?: Readonly<Record<string, string>> },
  deployment: string,
): boolean {
  return (
    rule.freeformTags?.[DEPLOYMENT_TAG] === deployment &&
    !['DELETING', 'DELETED'].includes(rule.lifecycleState)
  );
}

export const managerOf = ({
  freeformTags,
}: {
  readonly freeformTags: Readonly<Record<string, string>>;
}): Manager => (freeformTags[MANAGER_TAG] === 'terraform' ? 'terraform' : 'byoi');

/** The tags that the deployment's rules carry where byoi makes them. */
export const ownTags = (deployment: string): Record<string, string> => ({
  [DEPLOYMENT_TAG]: deployment,
  [MANAGER_TAG]: 'byoi',
});
