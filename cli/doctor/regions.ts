import { availableImages } from '../../shared/drive/destinations.ts';
import { call } from '../../shared/oci/errors.ts';
import { ownDestinations } from '../../shared/runtime/config.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';

/** An import or two more, and the next is refused. */
const FEW_IMAGES = 5;

/** Of the hub, of exports and of destinations: the tenancy's own. */
function regionsOf({ config, ledger }: Deployment): string[] {
  const own = ownDestinations(config, ledger);
  return Array.from(new Set([ledger, ...config.exportBuckets, ...own].map(({ region }) => region)));
}

export const regionsCheck = (facts: Facts): Check => ({
  name: 'regions',
  right: 'inspect tenancies in tenancy',
  async run() {
    const { clients, config, ledger } = facts.deployment;
    const tenancyId = await facts.tenancyId();
    const client = await clients.identity(ledger.region);
    const { items } = await call('ListRegionSubscriptions', () =>
      client.listRegionSubscriptions({ tenancyId }),
    );
    const regions = regionsOf(facts.deployment);
    const findings: Finding[] = regions.flatMap((region) => {
      const status = items.find(({ regionName }) => regionName === region)?.status;
      if (status === 'READY') return [];
      const sentence = status
        ? `The subscription to ${region} is ${status}.`
        : `The tenancy is not subscribed to ${region}.`;
      const command = oci('iam', 'region-subscription', 'create', '--tenancy-id', tenancyId);
      const remedy = `As an administrator, in the home region, with the region's key: ${command.slice(0, -1)} --region-key …\`; or take it out of config.json.`;
      return [{ level: 'problem', code: 'REGION_NOT_SUBSCRIBED', sentence, remedy } satisfies Finding];
    });
    if (!config.tenancyId) findings.push(noTenancy(tenancyId));
    return findings.length > 0 ? findings : [ok(`subscribed to ${regions.join(', ')}`)];
  },
});

const noTenancy = (tenancyId: string): Finding => ({
  level: 'warning',
  code: 'TENANCY_UNKNOWN',
  sentence:
    'config.json has no tenancyId: runs look neither at the subscribed regions nor at the image limit before they copy.',
  remedy: `Add "tenancyId": "${tenancyId}" to it.`,
});

/** Room for images, a check a region. */
export const imageLimitChecks = (facts: Facts): Check[] =>
  regionsOf(facts.deployment).map((region) => ({
    name: `image limit in ${region}`,
    right: 'read resource-availability in tenancy',
    async run() {
      const left = await availableImages(facts.deployment.clients, region, await facts.tenancyId());
      if (left === undefined) return [ok('OCI says no limit')];
      const sentence = `The limit custom-image-count leaves room for ${left} images.`;
      const remedy = 'Delete what is no longer needed, or ask for more: Console, Limits, Quotas and Usage.';
      if (left === 0) return [{ level: 'problem', code: 'OCI_LIMIT_EXCEEDED', sentence, remedy }];
      if (left < FEW_IMAGES) return [{ level: 'warning', code: 'IMAGE_LIMIT_NEAR', sentence, remedy }];
      return [ok(`room for ${left} images`)];
    },
  }));
