import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Evidence, Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import {
  type GuestArchitecture,
  WINDOWS_DRIVERS,
  type WindowsDriver,
  type WindowsDriverReading,
} from '../guest.ts';
import { readPe } from '../pe.ts';
import { readable } from '../readable.ts';
import { boundDevices } from './bound-devices.ts';
import type { HiveKey } from './hive-keys.ts';
import { driverPath, readService, SERVICES, type Service } from './services.ts';

/** Where a Windows has its drivers. */
export interface DriverPlaces {
  readonly tree: FileTree;
  /** `/Windows` */
  readonly systemRoot: string;
  readonly system: HiveKey;
  readonly controlSet: HiveKey;
  /** Of the kernel, which loads no driver for another; null where it was not read. */
  readonly architecture: GuestArchitecture | null;
}

export interface DriversReading {
  readonly drivers: Readonly<Record<WindowsDriver, WindowsDriverReading>>;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/** Those of OCI's devices: their files and bindings decide. */
const DECISIVE: readonly WindowsDriver[] = ['vioscsi', 'netkvm'];
const STARTS = ['at boot', 'with the system', 'automatically', 'on demand', 'never (disabled)'];
const BOOT_START = 0;
/** Longer than any driver's path is. */
const MAX_PATH_SHOWN = 200;

/** @param explain also the files of drivers that decide nothing */
export async function readDrivers(places: DriverPlaces, explain: boolean): Promise<DriversReading> {
  const services = await places.controlSet.key('Services');
  const found = await Promise.all(
    WINDOWS_DRIVERS.map(async (driver) => {
      const service = services && (await readService(services, SERVICES[driver]));
      const decisive = DECISIVE.includes(driver);
      if (service) return { driver, ...(await readDriver(places, driver, service, decisive || explain)) };
      const evidence = decisive ? [told(places, '', `there is no service ${driver}`)] : [];
      return { driver, reading: { start: null, file: null, devices: [] }, evidence, problems: [] };
    }),
  );
  const drivers = Object.fromEntries(found.map(({ driver, reading }) => [driver, reading]));
  return {
    drivers: drivers as Record<WindowsDriver, WindowsDriverReading>,
    evidence: found.flatMap(({ evidence }) => evidence),
    problems: found.flatMap(({ problems }) => problems),
  };
}

interface DriverFound {
  readonly reading: WindowsDriverReading;
  readonly evidence: Evidence[];
  readonly problems: Problem[];
}

async function readDriver(
  places: DriverPlaces,
  driver: WindowsDriver,
  service: Service,
  whole: boolean,
): Promise<DriverFound> {
  const { start, overridden, name } = service;
  if (!whole) return { reading: { start, file: null, devices: [] }, evidence: [], problems: [] };
  const problems: Problem[] = [];
  const [file, devices] = await Promise.all([
    readable(`the driver ${driver}`, problems, UNREAD, () => readFile(places, service)),
    readable(`what ${driver} is bound to`, problems, [], () =>
      boundDevices(places.system, places.controlSet, driver, name),
    ),
  ]);
  if (driver === 'vioscsi' && start !== BOOT_START && file.there !== false) problems.push(notAtBoot(service));
  const starts = `${driver} is started ${start === null ? 'nobody says when' : (STARTS[start] ?? 'in no known way')}`;
  const lowered = overridden === null ? '' : ` (its StartOverride says so, its Start ${overridden})`;
  const bound = devices.length > 0 ? `; it is bound to PCI ${devices.join(', ')}` : '';
  return {
    reading: { start, file: file.there, devices },
    evidence: [told(places, `\\${name}`, `${starts}${lowered}; ${file.fact}${bound}`)],
    problems,
  };
}

interface DriverFile {
  readonly there: boolean | null;
  /** Completes "… is started at boot; " */
  readonly fact: string;
}

const UNREAD: DriverFile = { there: null, fact: 'its file could not be read' };

/** @returns not there for a file that the kernel would not load */
async function readFile(places: DriverPlaces, service: Service): Promise<DriverFile> {
  const { tree, systemRoot, architecture } = places;
  const path = driverPath(service, systemRoot);
  if (!path) return { there: null, fact: 'its file is not on this volume' };
  const shown = printable(cut(path, MAX_PATH_SHOWN));
  const node = (await tree.find(path))?.node;
  if (!node || node.kind === 'directory') return { there: false, fact: `its file ${shown} is missing` };
  if (node.kind !== 'file') return UNREAD;
  const image = await readPe(node.content);
  if (!image) return { there: false, fact: `its file ${shown} is no driver` };
  if (architecture && architecture !== image.architecture) {
    return {
      there: false,
      fact: `its file ${shown} is for ${image.architecture}, Windows for ${architecture}`,
    };
  }
  return { there: true, fact: `its file is ${shown}` };
}

const told = ({ controlSet }: DriverPlaces, service: string, fact: string): Evidence => ({
  fact,
  source: `SYSTEM hive, ${controlSet.name}\\Services${printable(service)}`,
});

function notAtBoot({ start, overridden }: Service): Problem {
  const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\vioscsi';
  const lowered = overridden === BOOT_START;
  return {
    code: 'WINDOWS_DRIVER_NOT_AT_BOOT',
    severity: 'warn',
    sentence: lowered
      ? 'Windows has vioscsi, but found no device for it where it ran, and has turned its start at boot off (StartOverride).'
      : `Windows has vioscsi, but starts it ${STARTS[start ?? -1] ?? 'at no known time'} instead of at boot.`,
    remedy: lowered
      ? `In the guest, run \`reg delete ${key}\\StartOverride /f\`, shut it down fully (\`shutdown /s /t 0\`) and upload it again.`
      : `In the guest, run \`reg add ${key} /v Start /t REG_DWORD /d 0 /f\`, shut it down fully (\`shutdown /s /t 0\`) and upload it again.`,
  };
}
