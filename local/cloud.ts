import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { Operation } from './api.ts';
import { Clock } from './clock.ts';
import { compute } from './compute/service.ts';
import { control } from './control/service.ts';
import { events } from './events/service.ts';
import { Faults } from './faults.ts';
import type { ProcessTraces } from './functions/process.ts';
import { FunctionRuntime } from './functions/runtime.ts';
import { functions } from './functions/service.ts';
import { ensureAdministrator, privateKeyPem } from './identity/administrators.ts';
import { type ApiKey, Principals } from './identity/principals.ts';
import { identity } from './identity/service.ts';
import {
  type Compartment,
  type DynamicGroup,
  IdentityStore,
  type Policy,
  type Tenancy,
} from './identity/store.ts';
import { newOcid } from './ids.ts';
import { limits } from './limits/service.ts';
import { logging } from './logging/service.ts';
import { notifications } from './notifications/service.ts';
import { objectStorage } from './object-storage/service.ts';
import { Region } from './region.ts';
import { resourceScheduler } from './resource-scheduler/service.ts';
import { serveRegion } from './server.ts';
import { Table } from './table.ts';
import { workRequests } from './work-requests/service.ts';

/** Region keys of OCI, for the regions people try first; any other name gets its own first letters. */
const REGION_KEYS: Readonly<Record<string, string>> = {
  'us-ashburn-1': 'iad',
  'us-phoenix-1': 'phx',
  'eu-frankfurt-1': 'fra',
  'eu-zurich-1': 'zrh',
  'uk-london-1': 'lhr',
  'ap-tokyo-1': 'nrt',
};

export interface CloudOptions {
  /** Everything the cloud keeps; made where it is missing, taken up where it is not. */
  readonly dataDir: string;
  /** At least one; the first is the tenancy's home region. Port 0 (the default) takes a free one. */
  readonly regions: readonly { readonly name: string; readonly port?: number }[];
  /** Folder with a built function in each subfolder: what `image` of a function names. */
  readonly functionsDir?: string;
  /** Simulated work runs this many times faster; 1 is roughly OCI's own pace. */
  readonly timeScale?: number;
  /** Function processes at once, as OCI's concurrency limit; beyond it 429. */
  readonly functionPool?: number;
  readonly log?: (line: string) => void;
  /** Told of every function's process that is started: what to end, should the cloud be killed. */
  readonly onProcess?: (traces: ProcessTraces) => void;
}

/** A running embedded OCI. */
export class Cloud {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly faults = new Faults();
  readonly principals: Principals;
  readonly identity: IdentityStore;
  readonly runtime: FunctionRuntime;
  readonly regions = new Map<string, Region>();
  readonly log: (line: string) => void;
  /** Resolves once it has stopped, whoever asked for it. */
  readonly ended: Promise<void>;
  #setEnded = () => {};
  readonly #servers: Server[] = [];
  readonly #tables: { close(): void }[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: CloudOptions) {
    this.dataDir = resolve(options.dataDir);
    this.log = options.log ?? (() => {});
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
    this.clock = new Clock(options.timeScale ?? 1);
    mkdirSync(this.#path(''), { recursive: true });
    this.principals = new Principals(this.#table<ApiKey>('api-keys'), privateKeyPem(this.#path('cloud.pem')));
    this.identity = new IdentityStore({
      tenancies: this.#table<Tenancy>('tenancies'),
      compartments: this.#table<Compartment>('compartments'),
      policies: this.#table<Policy>('policies'),
      dynamicGroups: this.#table<DynamicGroup>('dynamic-groups'),
    });
    this.runtime = new FunctionRuntime(this, {
      functionsDir: options.functionsDir,
      poolSize: options.functionPool ?? 8,
      onProcess: options.onProcess,
    });
  }

  /** Starts listening; the tenancy, its administrator and the CLI's configuration are made the first time. */
  static async start(options: CloudOptions): Promise<Cloud> {
    const cloud = new Cloud(options);
    try {
      for (const { name, port } of options.regions) await cloud.#startRegion(name, port ?? 0);
    } catch (error) {
      // A port is taken: the regions that listen already would keep the process alive.
      await cloud.stop();
      throw error;
    }
    cloud.#ensureTenancies();
    for (const region of cloud.regions.values()) region.start();
    return cloud;
  }

  /** Stops listening and ends every function process; the data stays. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.clock.stop();
    await this.runtime.stop();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const region of this.regions.values()) region.close();
    for (const table of this.#tables) table.close();
    this.#setEnded();
  }

  region(name: string): Region | undefined {
    return this.regions.get(name);
  }

  get homeRegion(): Region {
    const [first] = this.regions.values();
    if (!first) throw new Error('The embedded OCI has no region.');
    return first;
  }

  /** The first tenancy, whose administrator owns `configFile`. */
  get tenancy(): Tenancy {
    const [first] = this.identity.tenancies.values();
    if (!first) throw new Error('The embedded OCI has no tenancy.');
    return first;
  }

  /** An OCI configuration file (`~/.oci/config` form) with the administrator's key. */
  get configFile(): string {
    return this.#path('oci-config');
  }

  /** Another tenancy, its Object Storage namespace called like itself, with an administrator of its own. */
  addTenancy(name: string): { tenancy: Tenancy; configFile: string } {
    const tenancy = this.#setTenancy(newOcid('tenancy'), name);
    const configFile = ensureAdministrator(this.#path(join('tenancies', name)), tenancy, this.principals);
    return { tenancy, configFile };
  }

  async #startRegion(name: string, port: number): Promise<void> {
    const region = new Region(this, name, REGION_KEYS[name] ?? name.replaceAll('-', '').slice(0, 6));
    this.regions.set(name, region);
    const operations: Operation[] = [
      ...control(region),
      ...identity(region),
      ...objectStorage(region),
      ...compute(region),
      ...workRequests(region),
      ...limits(region),
      ...notifications(region),
      ...functions(region),
      ...events(region),
      ...resourceScheduler(region),
      ...logging(region),
    ];
    const server = await serveRegion(region, operations, port, (principal, operation, when) => {
      this.runtime.onOutgoingCall(principal, operation, when);
    });
    this.#servers.push(server);
  }

  #ensureTenancies(): void {
    const known = [...this.identity.tenancies.values()];
    if (known.length === 0) this.#setTenancy(newOcid('tenancy'), 'local');
    for (const { id, name } of known) this.#setTenancy(id, name);
    ensureAdministrator(this.#path(''), this.tenancy, this.principals);
  }

  /** The home region is the first of those that the cloud was started with, whatever it was before. */
  #setTenancy(id: string, name: string): Tenancy {
    const subscriptions = this.identity.tenancies.get(id)?.subscriptions;
    const homeRegion = this.homeRegion.name;
    return this.identity.tenancies.set(id, { id, name, namespace: name, homeRegion, subscriptions });
  }

  #path(name: string): string {
    return join(this.dataDir, 'global', name);
  }

  #table<T>(name: string): Table<T> {
    const table = new Table<T>(this.#path(`${name}.jsonl`));
    this.#tables.push(table);
    return table;
  }
}
