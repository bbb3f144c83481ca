import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { readCloudInit } from '../../shared/guest/linux/cloud-init.ts';
import { deviceProblems } from '../../shared/guest/linux/device-names.ts';
import { readNetwork } from '../../shared/guest/linux/network.ts';
import { parseNetplan } from '../../shared/guest/linux/network-files.ts';
import { findLinuxRoots } from '../../shared/guest/linux/roots.ts';
import { guestVolumes } from '../support/guest-volumes.ts';
import { memoryDirectory } from '../support/memory-directory.ts';

/*
 * The commands that we tell people to run in a guest, run by a shell on the files that they are for: afterwards the
 * problem must be gone.
 */

const MAC = '00:0c:29:1a:2b:3c';
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'byoi-remedies-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const files = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(root.length + 1), readFileSync(path, 'utf8')];
      }),
  );

/** Runs a remedy with the guest's /etc in our folder. */
async function run(remedy: string): Promise<void> {
  const command = remedy.replaceAll('/etc/', `${root}/etc/`).replace(/, then .*$/, '');
  await promisify(execFile)('sh', ['-ec', command], { env: { PATH: `${root}/bin:${process.env.PATH}` } });
}

const network = () => readNetwork(fileTree(memoryDirectory(files())), Promise.resolve(null), false);

describe('after its remedy, a network file has no problem any more', () => {
  test.each<[string, string]>([
    [
      'etc/sysconfig/network-scripts/ifcfg-eth0',
      `DEVICE=eth0\nHWADDR=${MAC}\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.0.0.5\nNETMASK=255.255.255.0\nGATEWAY=10.0.0.1\n`,
    ],
    [
      'etc/sysconfig/network/ifcfg-eth0',
      `BOOTPROTO='static'\nSTARTMODE='auto'\nLLADDR='${MAC}'\nIPADDR='10.0.0.5/24'\n`,
    ],
    ['etc/udev/rules.d/70-persistent-net.rules', `SUBSYSTEM=="net", ATTR{address}=="${MAC}", NAME="eth0"\n`],
    [
      'etc/netplan/01-netcfg.yaml',
      `network:\n  version: 2\n  ethernets:\n    ens160:\n      match:\n        macaddress: ${MAC}\n      addresses: [10.0.0.5/24]\n`,
    ],
    [
      'etc/cloud/cloud.cfg.d/90-installer-network.cfg',
      `network:\n  ethernets:\n    a:\n      match:\n        macaddress: ${MAC}\n      addresses: [10.0.0.5/24]\n`,
    ],
    [
      'etc/systemd/network/10-lan.network',
      `[Match]\nPermanentMACAddress=${MAC}\n\n[Link]\nMACAddress=${MAC}\n\n[Network]\nDHCP=yes\n`,
    ],
    ['etc/systemd/network/20-lan.network', '[Match]\nName=ens160\n[Network]\nAddress=10.0.0.5/24\n'],
    ['etc/systemd/network/10-lan.link', `[Match]\nMACAddress=${MAC}\n[Link]\nName=lan0\n`],
    [
      "etc/NetworkManager/system-connections/it's wired.nmconnection",
      `[connection]\nid=wired\ntype=ethernet\n\n[ethernet]\nmac-address=${MAC}\ncloned-mac-address=${MAC}\n\n[ipv4]\naddress1=10.0.0.5/24,10.0.0.1\nmethod=manual\n\n[ipv6]\nmethod=auto\n`,
    ],
    [
      'etc/network/interfaces',
      `auto lo eth0\niface lo inet loopback\niface eth0 inet static\n\taddress 10.0.0.5\n\tnetmask 255.255.255.0\n\thwaddress ether ${MAC}\n`,
    ],
    [
      'etc/conf.d/net',
      `config_eth0="10.0.0.5 netmask 255.255.255.0"\nroutes_eth0="default via 10.0.0.1"\nmac_eth0="${MAC}"\n`,
    ],
  ])('%s', async (path, text) => {
    write({ [path]: text });
    const before = await network();
    expect(before.length).toBeGreaterThan(0);
    for (const { remedy } of before) await run(remedy);
    expect(await network()).toEqual([]);
  });
});

test('netplan is left with a file that gives any NIC its address by DHCP', async () => {
  const path = 'etc/netplan/01.yaml';
  write({ [path]: `network:\n  ethernets:\n    a:\n      match:\n        macaddress: ${MAC}\n` });
  for (const { remedy } of await network()) await run(remedy);
  expect(parseNetplan(files()[path] ?? '')).toEqual([{ name: 'e*', mac: null, addressing: 'dhcp' }]);
});

test("an interface's name that OCI does not show is given to its NIC", async () => {
  write({
    'etc/network/interfaces': 'auto ens192\niface ens192 inet dhcp\n',
    'etc/systemd/network/README': '',
    'usr/lib/systemd/network/99-default.link': '',
  });
  const problems = await network();
  expect(problems.map(({ code }) => code)).toEqual(['INTERFACE_NAME']);
  for (const { remedy } of problems) await run(remedy);
  expect(files()['etc/systemd/network/10-oci.link']).toBe(
    '[Match]\nDriver=virtio_net\n\n[Link]\nName=ens192\n',
  );
  expect(await network()).toEqual([]);
});

/** A program of the guest that this machine need not have. */
function program(name: string, script: string): void {
  write({ [`bin/${name}`]: `#!/bin/sh\n${script}\n` });
  chmodSync(join(root, 'bin', name), 0o755);
}

test('device names in fstab become UUIDs', async () => {
  program('blkid', 'case "$5" in /dev/sda1) echo aaaa-1;; /dev/sda10) echo aaaa-10;; esac');
  write({
    'etc/passwd': '',
    'etc/fstab': '/dev/sda1\t/ ext4 defaults 0 1\n/dev/sda10 /data ext4 defaults 0 2\n',
  });
  const problems = async () => {
    const volumes = await guestVolumes([
      { uuid: 'aaaa-1', files: files() },
      { uuid: 'aaaa-10', files: {} },
    ]);
    const found = (await findLinuxRoots(volumes)).roots[0];
    return found ? deviceProblems(found) : [];
  };
  for (const { remedy } of await problems()) await run(remedy);
  expect(files()['etc/fstab']).toBe(
    'UUID=aaaa-1 / ext4 defaults 0 1\nUUID=aaaa-10 /data ext4 defaults 0 2\n',
  );
  expect(await problems()).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ['other sources', { 'etc/cloud/cloud.cfg.d/99_azure.cfg': 'datasource_list: [ Azure ]\n' }],
  ['disabled', { 'etc/cloud/cloud-init.disabled': '', 'etc/cloud/cloud.cfg.d/a.cfg': '' }],
])('cloud-init: %s', async (_, settings) => {
  program('cloud-init', ':');
  write({ 'usr/bin/cloud-init': '', ...settings });
  const problems = async () => (await readCloudInit(fileTree(memoryDirectory(files())))).problems;
  expect((await problems()).length).toBe(1);
  for (const { remedy } of await problems()) await run(remedy);
  expect(await problems()).toEqual([]);
});
