import { expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { readCloudInit } from '../../../../shared/guest/linux/cloud-init.ts';
import { type MemoryFile, memoryDirectory } from '../../../support/memory-directory.ts';

const INSTALLED = {
  'usr/bin/cloud-init': '#!/usr/bin/python3\n',
  'etc/cloud/cloud.cfg': 'users:\n - default\n',
};

test.each<
  [string, Record<string, MemoryFile>, { enabled: boolean; configuresNetwork: boolean; codes: string[] }]
>([
  [
    'not installed',
    { 'etc/passwd': '' },
    { enabled: false, configuresNetwork: false, codes: ['NO_CLOUD_INIT'] },
  ],
  [
    'removed, with its configuration left',
    { 'etc/cloud/cloud.cfg': '' },
    { enabled: false, configuresNetwork: false, codes: ['NO_CLOUD_INIT'] },
  ],
  ['installed', INSTALLED, { enabled: true, configuresNetwork: true, codes: [] }],
  [
    'disabled',
    { ...INSTALLED, 'etc/cloud/cloud-init.disabled': '' },
    { enabled: false, configuresNetwork: false, codes: ['NO_CLOUD_INIT'] },
  ],
  [
    'told to leave the network alone',
    { ...INSTALLED, 'etc/cloud/cloud.cfg.d/99-disable-network-config.cfg': 'network: {config: disabled}\n' },
    { enabled: true, configuresNetwork: false, codes: [] },
  ],
  [
    'Azure only',
    { ...INSTALLED, 'etc/cloud/cloud.cfg.d/90-azure.cfg': 'datasource_list: [ Azure ]\n' },
    { enabled: true, configuresNetwork: false, codes: ['CLOUD_INIT_DATASOURCES'] },
  ],
  [
    'Debian: all, as dpkg-reconfigure writes them',
    {
      ...INSTALLED,
      'etc/cloud/cloud.cfg.d/90_dpkg.cfg':
        '# to update this file, run dpkg-reconfigure cloud-init\ndatasource_list: [ NoCloud, ConfigDrive, OpenStack, Oracle, None ]\n',
    },
    { enabled: true, configuresNetwork: true, codes: [] },
  ],
  [
    'OpenStack without Oracle, which looks at OCI then',
    { ...INSTALLED, 'etc/cloud/cloud.cfg.d/a.cfg': 'datasource_list:\n  - OpenStack\n  - None\n' },
    { enabled: true, configuresNetwork: true, codes: [] },
  ],
  [
    'the last file wins',
    {
      ...INSTALLED,
      'etc/cloud/cloud.cfg.d/99-oracle.cfg': 'datasource_list: [ Oracle, None ]\n',
      'etc/cloud/cloud.cfg.d/90-azure.cfg': 'datasource_list: [ Azure ]\n',
    },
    { enabled: true, configuresNetwork: true, codes: [] },
  ],
  [
    'a file that is not one of its own',
    { ...INSTALLED, 'etc/cloud/cloud.cfg.d/README': 'datasource_list: [ Azure ]\n' },
    { enabled: true, configuresNetwork: true, codes: [] },
  ],
])('cloud-init: %s', async (_, files, { enabled, configuresNetwork, codes }) => {
  const reading = await readCloudInit(fileTree(memoryDirectory(files)));
  expect({ ...reading, codes: reading.problems.map(({ code }) => code), problems: [] }).toEqual({
    enabled,
    configuresNetwork,
    codes,
    problems: [],
  });
});
