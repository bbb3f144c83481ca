import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** HashiCorp's parser, in WebAssembly. Required without its types: they bring the browser's, which are not Node's. */
const { parse } = createRequire(import.meta.url)('@cdktf/hcl2json') as {
  parse(name: string, text: string): Promise<Body>;
};

export const STACK = 'deploy/stack';

/** A block's arguments and the blocks in it, these as lists; expressions are texts with `${…}`. */
export type Body = Readonly<Record<string, unknown>>;

/** A folder of Terraform: each kind of block by its labels. */
export interface TerraformModule {
  readonly variables: ReadonlyMap<string, Body>;
  readonly locals: ReadonlyMap<string, unknown>;
  /** By `TYPE.NAME`. */
  readonly resources: ReadonlyMap<string, Body>;
  readonly data: ReadonlyMap<string, Body>;
  readonly modules: ReadonlyMap<string, Body>;
  readonly outputs: ReadonlyMap<string, Body>;
  /** `oci`, `oci.home` … */
  readonly providers: readonly string[];
  /** All of it, for whoever looks at every expression. */
  readonly blocks: readonly Body[];
}

export async function readModule(folder: string): Promise<TerraformModule> {
  const files = readdirSync(folder).filter((name) => /\.tf(\.json)?$/.test(name));
  const blocks = await Promise.all(files.map((name) => readFile(join(folder, name))));
  const labelled = (kind: string) => blocks.flatMap((block) => Object.entries((block[kind] ?? {}) as object));
  return {
    variables: new Map(labelled('variable').map(([name, body]) => [name, first(body)])),
    locals: new Map(
      blocks.flatMap(({ locals }) => [locals ?? []].flat().flatMap((body) => Object.entries(body as object))),
    ),
    resources: byTypeAndName(labelled('resource')),
    data: byTypeAndName(labelled('data')),
    modules: new Map(labelled('module').map(([name, body]) => [name, first(body)])),
    outputs: new Map(labelled('output').map(([name, body]) => [name, first(body)])),
    providers: labelled('provider').flatMap(([name, bodies]) =>
      (bodies as Body[]).map(({ alias }) => (alias ? `${name}.${alias}` : name)),
    ),
    blocks,
  };
}

async function readFile(path: string): Promise<Body> {
  const text = readFileSync(path, 'utf8');
  return path.endsWith('.json') ? JSON.parse(text) : parse(path, text);
}

const first = (bodies: unknown): Body => [bodies].flat()[0] as Body;

const byTypeAndName = (entries: readonly [string, object][]): Map<string, Body> =>
  new Map(
    entries.flatMap(([type, named]) =>
      Object.entries(named).map(([name, body]): [string, Body] => [`${type}.${name}`, first(body)]),
    ),
  );

/** Every text in a value that holds an expression. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(expressionsIn);
}

/** The text that the parser gives for an expression. */
export const expression = (text: string): string => `\${${text}}`;

/** Not what is a part of something longer, as in `ocir.REGION.oci.oraclecloud.com`. */
const REFERENCE = /(?<![\w.-])(?:var|local|module|data|oci(?:_\w+)?)(?:\.\w+)+/g;

const INDEX = /\[(?:\d+|\*|"[\w-]+")\]/g;

/** What a value refers to, as `var.region` or `oci_core_vcn.functions.id`; without indexes, and without loop variables. */
export const referencesIn = (value: unknown): string[] =>
  expressionsIn(value).flatMap((text) => text.replace(INDEX, '').match(REFERENCE) ?? []);
