import { Cloud } from '../../local/cloud.ts';

// An embedded OCI in a process of its own, whose memory and speed can be measured: `cloud-process DIRECTORY`.
// Says its endpoint and its configuration file in one line of JSON, and runs until it is killed.

const [dataDir = ''] = process.argv.slice(2);
const cloud = await Cloud.start({ dataDir, regions: [{ name: 'us-ashburn-1' }] });
const { homeRegion, configFile, tenancy } = cloud;
console.log(JSON.stringify({ endpoint: homeRegion.endpoint, configFile, tenancyId: tenancy.id }));
