import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Problem } from '../../finding.ts';
import { readConfig } from './config-text.ts';
import { type OutlineNode, parseOutline } from './outline.ts';

/** Distributions have five to ten. */
const MAX_FILES = 32;
/**
 * Oracle's own, and the OpenStack one, whose metadata OCI imitates and which takes it where Oracle's is not listed.
 * https://docs.cloud-init.io/en/latest/reference/datasources/oracle.html
 */
const OCI_SOURCES = ['Oracle', 'OpenStack'];
export interface CloudInitReading {
  /** It is installed, and not disabled. */
  readonly enabled: boolean;
  /** It is to configure the network by what OCI's metadata say, which it finds. */
  readonly configuresNetwork: boolean;
  readonly problems: readonly Problem[];
}

/** Will cloud-init do on OCI what its users count on: bring their SSH keys, and configure the NIC? */
export async function readCloudInit(tree: FileTree): Promise<CloudInitReading> {
  // A package that was removed leaves its configuration: only where there is one, the program is looked for.
  const program = (await tree.find('/etc/cloud')) && (await tree.find('/usr/bin/cloud-init'));
  const disabled = program && (await tree.find('/etc/cloud/cloud-init.disabled'));
  if (!program || disabled) {
    return { enabled: false, configuresNetwork: false, problems: [program ? DISABLED : MISSING] };
  }
  const settings = await readSettings(tree);
  const lists = settings.filter(({ key }) => key === 'datasource_list').map(items);
  const sources = lists.at(-1);
  const finds = !sources || sources.some((source) => OCI_SOURCES.includes(source));
  return {
    enabled: true,
    // What its own files say of the network stands above what a datasource does; `config: disabled` is said there too.
    configuresNetwork: finds && !settings.some(({ key }) => key === 'network'),
    problems: finds ? [] : [OTHER_SOURCES],
  };
}

/** The top-level settings of cloud.cfg and then of cloud.cfg.d in the order of its names: of several the last holds. */
async function readSettings(tree: FileTree): Promise<OutlineNode[]> {
  const names = (await tree.list('/etc/cloud/cloud.cfg.d')).map(({ name }) => name);
  const files = names.filter((name) => name.endsWith('.cfg')).sort();
  const texts = await Promise.all(
    [
      '/etc/cloud/cloud.cfg',
      ...files.slice(0, MAX_FILES).map((name) => `/etc/cloud/cloud.cfg.d/${name}`),
    ].map((path) => readConfig(tree, path)),
  );
  return texts.flatMap((text) => parseOutline(text ?? '').children);
}

/** `[ Oracle, None ]`, or an item a line. */
function items({ value, children }: OutlineNode): string[] {
  return [value, ...children.map((child) => child.value)].flatMap((text) => text.match(/\w+/g) ?? []);
}

const INSTALL = 'Install the package cloud-init in the guest (dnf, apt-get, zypper or apk has it).';

const MISSING: Problem = {
  code: 'NO_CLOUD_INIT',
  severity: 'warn',
  sentence:
    'cloud-init is not installed: SSH keys and user data given at launch will not arrive; only who can log in already can do so on OCI.',
  remedy: INSTALL,
};

const DISABLED: Problem = {
  code: 'NO_CLOUD_INIT',
  severity: 'warn',
  sentence: 'cloud-init is disabled: SSH keys and user data given at launch will not arrive.',
  remedy: 'rm /etc/cloud/cloud-init.disabled',
};

const OTHER_SOURCES: Problem = {
  code: 'CLOUD_INIT_DATASOURCES',
  severity: 'warn',
  sentence:
    "cloud-init's datasource_list has no Oracle in it: SSH keys and user data given at launch will not arrive.",
  remedy:
    "echo 'datasource_list: [ Oracle, None ]' > /etc/cloud/cloud.cfg.d/zz-oracle.cfg && cloud-init clean",
};
