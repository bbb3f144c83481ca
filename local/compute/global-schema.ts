import { type Call, type Operation, pageOf } from '../api.ts';
import { notFound } from '../errors.ts';
import type { Region } from '../region.ts';

/** What a capability can be; `source` says whose values they are. */
export type Descriptor =
  | {
      readonly descriptorType: 'enumstring';
      readonly values: readonly string[];
      readonly defaultValue?: string;
    }
  | {
      readonly descriptorType: 'enuminteger';
      readonly values: readonly number[];
      readonly defaultValue?: number;
    }
  | { readonly descriptorType: 'boolean'; readonly defaultValue?: boolean };

const strings = (defaultValue: string, ...values: string[]): Descriptor => ({
  descriptorType: 'enumstring',
  values,
  defaultValue,
});
const boolean = (defaultValue: boolean): Descriptor => ({ descriptorType: 'boolean', defaultValue });
const volumeTypes = strings('PARAVIRTUALIZED', 'ISCSI', 'PARAVIRTUALIZED', 'SCSI', 'IDE', 'NVME');

/** All capabilities there are ("Configuring Image Capabilities for Custom Images" in Oracle's documentation). */
export const GLOBAL_CAPABILITIES: Readonly<Record<string, Descriptor>> = {
  'Compute.AMD_SecureEncryptedVirtualization': boolean(false),
  'Compute.Firmware': strings('UEFI_64', 'BIOS', 'UEFI_64'),
  'Compute.LaunchMode': strings('PARAVIRTUALIZED', 'NATIVE', 'EMULATED', 'VDPA', 'PARAVIRTUALIZED', 'CUSTOM'),
  'Compute.SecureBoot': boolean(false),
  'Network.AttachmentType': strings('PARAVIRTUALIZED', 'VFIO', 'PARAVIRTUALIZED', 'E1000', 'VDPA'),
  'Network.IPv6Only': boolean(false),
  'Storage.BootVolumeType': volumeTypes,
  'Storage.ConsistentVolumeNaming': boolean(true),
  'Storage.Iscsi.MultipathDeviceSupported': boolean(false),
  'Storage.LocalDataVolumeType': volumeTypes,
  'Storage.ParaVirtualization.AttachmentVersion': {
    descriptorType: 'enuminteger',
    values: [1, 2],
    defaultValue: 2,
  },
  'Storage.ParaVirtualization.EncryptionInTransit': boolean(true),
  'Storage.RemoteDataVolumeType': volumeTypes,
};

/** The one version there is. */
export const GLOBAL_VERSION_NAME = 'd0b35cc7-35b9-4f3c-b3b6-4a3e4e7c6b1e';

const TIME_CREATED = '2020-09-08T00:00:00.000Z';
const DISPLAY_NAME = 'OCI.ComputeGlobalImageCapabilitySchema';

export const globalSchemaId = (region: Region) =>
  `ocid1.computeglobalimgcapschema.oc1.${region.key}.${'byoilocal'.padEnd(60, 'a')}`;

/** ComputeGlobalImageCapabilitySchema: read only, the same for every tenancy. */
export function globalSchemaOperations(region: Region): Operation[] {
  const collection = '/20160918/computeGlobalImageCapabilitySchemas';
  const path = `${collection}/{schemaId}`;
  const schema = {
    id: globalSchemaId(region),
    compartmentId: null,
    currentVersionName: GLOBAL_VERSION_NAME,
    displayName: DISPLAY_NAME,
    timeCreated: TIME_CREATED,
    freeformTags: {},
    definedTags: {},
  };
  const version = {
    name: GLOBAL_VERSION_NAME,
    computeGlobalImageCapabilitySchemaId: schema.id,
    displayName: DISPLAY_NAME,
    timeCreated: TIME_CREATED,
  };
  const requireSchema = (call: Call) => {
    if (call.params.schemaId !== schema.id) throw notFound(call.params.schemaId ?? '');
  };
  return [
    {
      name: 'ListComputeGlobalImageCapabilitySchemas',
      method: 'GET',
      path: collection,
      handle: (call) => page(call, [schema]),
    },
    {
      name: 'GetComputeGlobalImageCapabilitySchema',
      method: 'GET',
      path,
      handle: (call) => {
        requireSchema(call);
        return { body: schema };
      },
    },
    {
      name: 'ListComputeGlobalImageCapabilitySchemaVersions',
      method: 'GET',
      path: `${path}/versions`,
      handle: (call) => {
        requireSchema(call);
        return page(call, [version]);
      },
    },
    {
      name: 'GetComputeGlobalImageCapabilitySchemaVersion',
      method: 'GET',
      path: `${path}/versions/{versionName}`,
      handle: (call) => {
        requireSchema(call);
        if (call.params.versionName !== GLOBAL_VERSION_NAME) throw notFound(call.params.versionName ?? '');
        return { body: { ...version, schemaData: globalSchemaData() } };
      },
    },
  ];
}

export function globalSchemaData(): Record<string, Descriptor & { source: string }> {
  return Object.fromEntries(
    Object.entries(GLOBAL_CAPABILITIES).map(([name, value]) => [name, { ...value, source: 'GLOBAL' }]),
  );
}

function page(call: Call, all: readonly { readonly displayName: string }[]) {
  const wanted = call.query.get('displayName');
  const { items, headers } = pageOf(
    call,
    all.filter(({ displayName }) => wanted === null || displayName === wanted),
  );
  return { body: items, headers };
}
