import { configLines } from './config-text.ts';

/*
 * As much of YAML as netplan's and cloud-init's files are written in: block mappings and sequences by indentation,
 * plain and quoted scalars. What is in braces or brackets stays one text. https://yaml.org/spec/1.2.2/
 */

/** A line of the file: a key with its value, or `-` for an item of a sequence, and what is indented below it. */
export interface OutlineNode {
  readonly key: string;
  /** Empty where the value is below it. */
  readonly value: string;
  readonly children: OutlineNode[];
}

const LINE = /^( *)((?:- +)*)(?:("[^"]*"|'[^']*'|[^\s:#"'{[][^:#]*?) *:(?= |$))? *(.*)$/;

export function parseOutline(text: string): OutlineNode {
  const root: OutlineNode = { key: '', value: '', children: [] };
  const open = [{ indent: -1, node: root }];
  const add = (indent: number, node: OutlineNode) => {
    while (open.length > 1 && (open.at(-1)?.indent ?? -1) >= indent) open.pop();
    open.at(-1)?.node.children.push(node);
    open.push({ indent, node });
  };
  for (const line of configLines(text)) {
    if (/^\s*(?:#|---|\.\.\.|%|$)/.test(line)) continue;
    const [, blanks = '', dashes = '', key = '', rest = ''] = LINE.exec(line) ?? [];
    const items = dashes.match(/- +/g) ?? [];
    let indent = blanks.length;
    for (const [index, item] of items.entries()) {
      const value = key === '' && index === items.length - 1 ? scalar(rest) : '';
      // A sequence may stand as far left as the key that it belongs to: its items count as half a step deeper.
      add(indent + 0.5, { key: '-', value, children: [] });
      indent += item.length;
    }
    if (key) add(indent, { key: scalar(key), value: scalar(rest), children: [] });
    // An item of which all is below it.
    else if (rest === '-') add(indent + 0.5, { key: '-', value: '', children: [] });
  }
  return root;
}

/** The children of this name; none where there is no such key. */
export function childrenOf(node: OutlineNode | undefined, key: string): readonly OutlineNode[] {
  return node?.children.find((child) => child.key === key)?.children ?? [];
}

/** The value of this name; empty where there is none. */
export function scalarOf(node: OutlineNode | undefined, key: string): string {
  return node?.children.find((child) => child.key === key)?.value ?? '';
}

function scalar(text: string): string {
  const quoted = /^"([^"]*)"|^'([^']*)'/.exec(text);
  if (quoted) return quoted[1] ?? quoted[2] ?? '';
  return text.replace(/(?:^| +)#.*$/, '').trim();
}
