import { type FileTree, fileTree } from '../../filesystem/file-tree.ts';
import type { DirectoryNode } from '../../filesystem/filesystem.ts';
import type { GuestVolume } from '../guest.ts';
import { readConfig } from './config-text.ts';

/*
 * https://ostreedev.github.io/ostree/deployment/ and https://uapi-group.org/specifications/specs/boot_loader_specification/
 *
 *   /ostree/deploy/OS/deploy/CHECKSUM.N   a root filesystem
 *   /ostree/deploy/OS/var                 the /var of all of them
 *   /ostree/boot.1/OS/CHECKSUM/0          symlink to a deployment
 *   /boot/loader/entries/*.conf           version 2
 *                                         options … ostree=/ostree/boot.1/OS/CHECKSUM/0
 */

/** A host has one or two, and keeps two deployments of each. */
const MAX_SYSTEMS = 4;
const MAX_DEPLOYMENTS = 16;
const MAX_ENTRIES = 16;

export interface Deployment {
  /** In the volume: `/ostree/deploy/fedora-coreos/deploy/CHECKSUM.0`. */
  readonly path: string;
  readonly directory: DirectoryNode;
  /** Null where the system has none yet. */
  readonly variable: DirectoryNode | null;
}

/** The deployment of this volume that is started; null where it holds none. */
export async function findDeployment(
  physical: FileTree,
  volumes: readonly GuestVolume[],
): Promise<Deployment | null> {
  const systems = (await physical.list('/ostree/deploy')).slice(0, MAX_SYSTEMS);
  const lists = await Promise.all(
    systems.map(async ({ name }) => {
      const entries = await physical.list(`/ostree/deploy/${name}/deploy`);
      // Beside each deployment lies its CHECKSUM.N.origin.
      const deployments = entries.filter((entry) => /^[^.]+\.\d+$/.test(entry.name));
      return deployments.map((entry) => `/ostree/deploy/${name}/deploy/${entry.name}`);
    }),
  );
  const paths = lists.flat().slice(0, MAX_DEPLOYMENTS);
  const path = paths.length > 1 ? await startedFirst(physical, volumes, paths) : paths[0];
  if (path === undefined) return null;
  const [root, variable] = await Promise.all(
    [path, path.replace(/\/deploy\/[^/]+$/, '/var')].map((directory) => physical.find(directory)),
  );
  if (root?.node.kind !== 'directory') return null;
  return {
    path,
    directory: root.node,
    variable: variable?.node.kind === 'directory' ? variable.node : null,
  };
}

/** The one that the boot loader's newest entry names; without entries, the first that any boot link names. */
async function startedFirst(
  physical: FileTree,
  volumes: readonly GuestVolume[],
  paths: readonly string[],
): Promise<string | undefined> {
  const entries = (await Promise.all([physical, ...volumes.map(rootTree)].map(bootEntries))).flat();
  entries.sort((a, b) => b.version - a.version);
  const links = [...entries.map(({ ostree }) => ostree), ...(await bootLinks(physical, paths))];
  const targets = await Promise.all(links.map((link) => physical.find(link)));
  return targets.map((target) => target?.path).find((path) => path && paths.includes(path)) ?? paths[0];
}

const rootTree = ({ filesystem }: GuestVolume): FileTree => fileTree(filesystem.root);

async function bootEntries(tree: FileTree): Promise<{ ostree: string; version: number }[]> {
  const folders = ['/loader/entries', '/boot/loader/entries'];
  const files = await Promise.all(
    folders.map(async (folder) => (await tree.list(folder)).map(({ name }) => `${folder}/${name}`)),
  );
  const texts = await Promise.all(
    files
      .flat()
      .slice(0, MAX_ENTRIES)
      .map((path) => readConfig(tree, path)),
  );
  return texts.flatMap((text) => {
    const ostree = /^options[ \t](?:.*[ \t])?ostree=(\S+)/m.exec(text ?? '')?.[1];
    const version = Number(/^version[ \t]+(\d{1,9})/m.exec(text ?? '')?.[1] ?? 0);
    return ostree === undefined ? [] : [{ ostree, version }];
  });
}

/** `/ostree/boot.0` and `boot.1` take turns: the links in whichever is there to each system's first deployment. */
async function bootLinks(physical: FileTree, paths: readonly string[]): Promise<string[]> {
  const systems = [...new Set(paths.map((path) => path.split('/')[3] ?? ''))];
  const folders = ['boot.0', 'boot.1'].flatMap((boot) => systems.map((name) => `/ostree/${boot}/${name}`));
  const links = await Promise.all(
    folders.map(async (folder) => (await physical.list(folder)).map(({ name }) => `${folder}/${name}/0`)),
  );
  return links.flat().slice(0, MAX_DEPLOYMENTS);
}
