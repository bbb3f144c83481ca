import type { Verdict } from '../../../shared/launch/verdict.ts';
import { nextByte, type Tape } from './tape.ts';

/** An object of Object Storage, by `keyOf`. */
export interface StoredObject {
  readonly eTag: string;
  /** The run that says in its metadata that it copied it. */
  readonly copyOf: string | null;
  readonly archived: boolean;
}

/** Who made a thing, and when. */
interface Made {
  /** The world's serial number of that moment. */
  readonly at: number;
  /** Has anything gone wrong with whoever made it? */
  readonly faulted: () => boolean;
}

export interface StoredPar extends Made {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface StoredImage extends Made {
  readonly id: string;
  readonly createdAt: number;
  readonly region: string;
  state: 'IMPORTING' | 'AVAILABLE' | 'DELETED';
  readonly key: string;
  /** eTags of what was there when the import began, and when it ended. */
  readonly begunWith: string | null;
  content: string | null;
  /** By somebody who is none of ours. */
  deletedByOther: boolean;
  /** Who made it told of it when the run had ended. */
  tooLate: boolean;
}

/** A work request of whatever service. */
export interface Work {
  readonly id: string;
  readonly kind: 'copy' | 'import' | 'export';
  endsAt: number;
  succeeds: boolean;
  state: 'running' | 'succeeded' | 'failed' | 'canceled';
  endedAt: number;
  forgotten: boolean;
  /** What becomes of it at its end. @returns has it succeeded? */
  readonly finish: (work: Work) => boolean;
}

/** A tiny OCI, the ledger's run apart: plain state that changes at once, and only by calls and by time. */
export interface World {
  readonly tape: Tape;
  /** Milliseconds since the epoch. */
  now: number;
  /** Counts whatever happens. */
  serial: number;
  readonly objects: Map<string, StoredObject>;
  readonly pars: Map<string, StoredPar>;
  readonly images: Map<string, StoredImage>;
  readonly works: Map<string, Work>;
  /** What was answered to a retry token, and when. */
  readonly tokens: Map<string, { readonly answer: string; readonly at: number }>;
  /** Who holds a place in a queue since when, by the ticket's name; and the queues that another run is at the head of. */
  readonly tickets: Map<string, number>;
  readonly blocked: Set<string>;
  atOnce: number;
  /** Does the tick come each time that the run has ended? */
  ticks: boolean;
  /** Unfinished multipart uploads, by the work that writes them: the key of the object. */
  readonly uploads: Map<string, string>;
  /** The image that is exported. */
  image: 'AVAILABLE' | 'DELETED';
  /** The export of it that goes on, or of which another is in the way. */
  exporting: string | null;
  exportedByOtherUntil: number;
  intermediates: 'keep' | 'delete' | 'expire';
  /** What is read of a dropped object. */
  verdict: Verdict;
  readonly published: string[];
  /** Of each kind of clean-up that was done, by stage: the serial number of the moment it looked for what there is. */
  readonly looks: Map<string, number>;
  /** What happened, for people; null: not asked for. */
  readonly trace: string[] | null;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const BEGINNING = Date.parse('2026-01-01T00:00:00.000Z');

export function newWorld(tape: Tape, verdict: Verdict, trace: string[] | null): World {
  return {
    tape,
    now: BEGINNING,
    serial: 0,
    objects: new Map(),
    pars: new Map(),
    images: new Map(),
    works: new Map(),
    tokens: new Map(),
    tickets: new Map(),
    blocked: new Set(),
    atOnce: 3,
    ticks: true,
    uploads: new Map(),
    image: 'AVAILABLE',
    exporting: null,
    exportedByOtherUntil: 0,
    intermediates: 'expire',
    verdict,
    published: [],
    looks: new Map(),
    trace,
  };
}

let told = { milliseconds: 0, text: '' };

/** RFC 3339; the same time is asked for again and again. */
export function iso(milliseconds: number): string {
  if (told.milliseconds !== milliseconds) told = { milliseconds, text: new Date(milliseconds).toISOString() };
  return told.text;
}

export function note(world: World, text: () => string): void {
  world.trace?.push(`${iso(world.now)} ${text()}`);
}

/** The next serial number. */
export function tick(world: World): number {
  world.serial += 1;
  return world.serial;
}

/** An object's name in the world. */
export const keyOf = (address: { region: string; namespace: string; bucket: string; object: string }) =>
  `${address.region}/${address.namespace}/${address.bucket}/${address.object}`;

export function putObject(world: World, key: string, copyOf: string | null): void {
  world.objects.set(key, { eTag: `e${tick(world)}`, copyOf, archived: false });
}

/** How long OCI takes, in minutes; the last is longer than anybody waits. */
const PACES = [5, 1, 40, 300, 30_000] as const;

/** Something that OCI does from now on. */
export function beginWork(world: World, kind: Work['kind'], finish: Work['finish']): Work {
  const byte = nextByte(world.tape);
  const work: Work = {
    id: `${kind}-${tick(world)}`,
    kind,
    endsAt: world.now + (PACES[byte % PACES.length] ?? 5) * MINUTE,
    succeeds: byte < 216,
    state: 'running',
    endedAt: 0,
    forgotten: false,
    finish,
  };
  world.works.set(work.id, work);
  return work;
}

export function endWork(world: World, work: Work, state: 'succeeded' | 'failed' | 'canceled'): void {
  work.state = state;
  work.endedAt = world.now;
  note(world, () => `OCI: ${work.id} ${state}`);
}

/** Time goes by, and what ends in it ends. */
export function passTime(world: World, milliseconds: number): void {
  world.now += milliseconds;
  for (const work of world.works.values()) {
    if (work.state !== 'running' || work.endsAt > world.now) continue;
    const succeeded = work.finish(work);
    endWork(world, work, succeeded ? 'succeeded' : 'failed');
  }
}

/** OCI forgets what has ended after so long. */
const REMEMBERED = 12 * HOUR;

/** What a work request says; undefined where there is none. */
export function askWork(world: World, id: string): Work['state'] | undefined {
  const work = world.works.get(id);
  if (!work || work.forgotten) return undefined;
  return work.state !== 'running' && world.now - work.endedAt > REMEMBERED ? undefined : work.state;
}
