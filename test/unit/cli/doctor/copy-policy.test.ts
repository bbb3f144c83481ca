import { expect, test } from 'vitest';
import { allowsCopy } from '../../../../cli/doctor/copy-policy.ts';
import { copyStatement } from '../../../../shared/drive/policy-statements.ts';

const COMPARTMENTS = ['ocid1.compartment.oc1..c', 'ocid1.compartment.oc1..parent', 'ocid1.tenancy.oc1..t'];
const SERVICE = 'Allow service objectstorage-us-ashburn-1 to';

test.each([
  [copyStatement('us-ashburn-1', 'ocid1.compartment.oc1..c'), true],
  [copyStatement('us-ashburn-1', 'ocid1.compartment.oc1..parent'), true],
  [copyStatement('us-ashburn-1', 'ocid1.compartment.oc1..other'), false],
  [copyStatement('us-phoenix-1', 'ocid1.compartment.oc1..c'), false],
  [`${SERVICE} manage object-family in tenancy`, true],
  [
    'allow  service objectstorage-us-phoenix-1, objectstorage-US-ASHBURN-1 to manage object-family in TENANCY',
    true,
  ],
  [`${SERVICE} manage all-resources in tenancy`, true],
  [`${SERVICE} read object-family in tenancy`, false],
  [`${SERVICE} use object-family in tenancy`, false],
  // May be enough, or not: only OCI knows.
  [`${SERVICE} manage objects in tenancy`, undefined],
  [`${SERVICE} manage object-family in compartment images`, undefined],
  [`${SERVICE} manage object-family in compartment team:images`, undefined],
  [`${SERVICE} manage object-family in tenancy where request.region = 'iad'`, undefined],
  [`${SERVICE} {OBJECT_CREATE} in tenancy`, undefined],
  ['Allow group admins to manage all-resources in tenancy', false],
  ['Allow service blockstorage to use keys in tenancy', false],
  ['', false],
])('%s: %s', (statement, expected) => {
  expect(allowsCopy(statement, 'us-ashburn-1', COMPARTMENTS)).toBe(expected);
});
