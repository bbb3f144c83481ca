import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../../shared/filesystem/file-tree.ts';
import { readGrub } from '../../../../../shared/guest/linux/boot-loaders/grub.ts';
import { parseGrubEnvironment } from '../../../../../shared/guest/linux/boot-loaders/grub-environment.ts';
import { itemNamed, runGrubScript } from '../../../../../shared/guest/linux/boot-loaders/grub-menu.ts';
import { parseGrubScript } from '../../../../../shared/guest/linux/boot-loaders/grub-script.ts';
import { memoryDirectory } from '../../../../support/memory-directory.ts';

const run = (text: string, environment: Record<string, string> = {}) =>
  runGrubScript(parseGrubScript(text), new Map(Object.entries(environment)));
const variablesOf = (text: string, environment: Record<string, string> = {}) =>
  Object.fromEntries(run(text, environment).variables);

describe('the script', () => {
  test.each([
    ["set a='x  $b' # comment", 'x  $b'],
    [`set b=1; set a="x$b\${b}\\"\\$"`, 'x11"$'],
    ['set a=x\\ y', 'x y'],
    ['set a=\'x\'"y"z', 'xyz'],
    [`set a=\${none}`, ''],
    [`if [ "\${none}" ]; then set a=then; else set a=else; fi`, 'else'],
    [`if [ -z "\${none}" ]; then set a=then; fi`, 'then'],
    ['set b=y\nif [ x$b = xy ]; then\n set a=same\nfi', 'same'],
    ['if [ 1 = 2 ]; then set a=1; elif [ 1 != 2 ]; then set a=2; else set a=3; fi', '2'],
    ['if [ 1 = 1 -a ! 1 = 2 ]; then set a=both; fi', 'both'],
    ['if [ 1 = 2 -o 1 = 1 ]; then set a=either; fi', 'either'],
    ['if true; then if false; then set a=1; else set a=2; fi; fi', '2'],
    ['function f { set a=never; }\nset a=always', 'always'],
    ['for x in 1 2; do set a=loop; done\nset b=1', undefined],
    ['set a=1\nunset a', undefined],
    ['set a="on\ntwo lines"', 'on\ntwo lines'],
    ['set a=one\\\nword', 'one'],
  ])('%s', (text, value) => {
    expect(variablesOf(text).a).toBe(value);
  });

  test('grubenv counts only once it is loaded', () => {
    expect(variablesOf('set a=$saved', { saved: 'x' }).a).toBe('');
    expect(variablesOf('if [ -s $prefix/grubenv ]; then load_env; fi\nset a=$saved', { saved: 'x' }).a).toBe(
      'x',
    );
  });

  test('an initramfs that is asked for is loaded: whether it is there is seen when it is read', () => {
    const { items } = run(
      'menuentry A { linux /vmlinuz\nif [ -f $boot/initrd.img ]; then initrd $boot/initrd.img; fi }',
    );
    expect(items[0]?.entry?.initramfs).toEqual(['/initrd.img']);
    expect(variablesOf('if [ -f /boot/other ]; then set a=1; fi').a).toBeUndefined();
  });

  test('variables that grow with each line end in time and memory', () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `set v${index + 1}=$v${index}$v${index}`);
    const { variables } = run(`set v0=0123456789\n${lines.join('\n')}`);
    const total = [...variables.values()].reduce((sum, value) => sum + value.length, 0);
    expect(total).toBeLessThan(16 * 2 ** 20);
  });

  test('any text is a script, and carrying it out ends', () => {
    const word = fc.constantFrom(
      'if',
      'then',
      'else',
      'elif',
      'fi',
      '[',
      ']',
      '{',
      '}',
      ';',
      '\n',
      '"',
      "'",
      '$a',
      '${',
      '\\',
      'menuentry',
      'submenu',
      'set a=1',
      'linux /k',
      '#',
      'while',
      'do',
      'done',
      ' ',
      '!',
      '-a',
      '-o',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        run(words.join(' '));
        run(words.join(''));
      }),
      { numRuns: 1000 },
    );
  });

  test('conditions and blocks nested without end are passed over', () => {
    expect(() => run('if true; then '.repeat(100_000))).not.toThrow();
    expect(() => run('menuentry a { '.repeat(100_000))).not.toThrow();
    expect(() => run(`if [ ${'! '.repeat(100_000)} ]; then true; fi`)).not.toThrow();
    expect(() => run(`if [ ${'a -o '.repeat(100_000)} ]; then true; fi`)).not.toThrow();
  });
});

describe('the menu', () => {
  const menu = run(`
menuentry 'First' --class x --id first { linux /k1 a=1
 initrd /i1 /i2 }
submenu "More > or less" --id more {
  menuentry 'Second' --id=second { linuxefi ($root)/k2 \${late} quiet; initrdefi /i }
  menuentry 'Setup' { fwsetup }
  submenu Deeper { menuentry Third { linux16 /k3; initrd16 newc:a:/i3 } }
}
set late=set-after
menuentry Last { if [ 1 = 1 ]; then linux /k4; fi }
`);
  test.each([
    ['0', '/k1'],
    ['first', '/k1'],
    ['First', '/k1'],
    ['1', '($root)/k2'],
    ['1>0', '($root)/k2'],
    ['more>second', '($root)/k2'],
    ['More >> or less>Second', '($root)/k2'],
    ['1>2>Third', '/k3'],
    ['2', '/k4'],
    ['1>1', undefined],
    ['9', undefined],
    ['none', undefined],
  ])('the default %s starts %s', (name, kernel) => {
    const entry = itemNamed(menu.items, name)?.entry;
    expect(entry?.kernel.replace('()', '($root)')).toBe(kernel);
  });

  test('an entry has its command line with variables of the whole configuration, and its initramfs', () => {
    expect(itemNamed(menu.items, '1>0')?.entry).toMatchObject({
      commandLine: 'set-after quiet',
      initramfs: ['/i'],
    });
    expect(itemNamed(menu.items, 'first')?.entry).toMatchObject({
      commandLine: 'a=1',
      initramfs: ['/i1', '/i2'],
    });
    expect(itemNamed(menu.items, '1>2')?.entry?.initramfs).toEqual(['/i3']);
  });

  test('what an entry sets is not set for the next', () => {
    const { items } = run('menuentry A { set x=a; linux /k $x }\nmenuentry B { linux /k $x }\n');
    expect(items.map(({ entry }) => entry?.commandLine)).toEqual(['a', '']);
  });

  test('a configuration without a menu starts what it loads', () => {
    const { items } = run('set root=(hd0,1)\nlinux /vmlinuz root=/dev/sda1\ninitrd /initrd.img\nboot');
    expect(items.map(({ entry }) => entry?.kernel)).toEqual(['/vmlinuz']);
  });
});

test('grubenv: variables with escapes, and nothing of what is no environment block', () => {
  const block = `# GRUB Environment Block\nsaved_entry=a\\\\b=c\nkernelopts=root=UUID=5f3c ro \n${'#'.repeat(900)}`;
  expect(Object.fromEntries(parseGrubEnvironment(block))).toEqual({
    saved_entry: 'a\\b=c',
    kernelopts: 'root=UUID=5f3c ro ',
  });
  expect(parseGrubEnvironment('saved_entry=1\n').size).toBe(0);
});

async function chosenOf(files: Record<string, string>): Promise<string | undefined> {
  const directory = { tree: fileTree(memoryDirectory(files)), path: '/boot', volume: null };
  return (await readGrub(directory, [directory]))?.chosen.kernel;
}

test("os-prober's entries are other systems': a default among them is not taken", async () => {
  const probed = `### BEGIN /etc/grub.d/30_os-prober ###
menuentry 'Another Linux' { linux /boot/vmlinuz-other }
### END /etc/grub.d/30_os-prober ###
`;
  const text = `set default="1"\nmenuentry Own { linux /boot/vmlinuz-own }\n${probed}`;
  expect(await chosenOf({ 'boot/grub/grub.cfg': text })).toBe('/boot/vmlinuz-own');
});

test('entries beside a grubenv are read where grub.cfg is out of reach', async () => {
  const files = {
    'boot/grub2/grubenv': '# GRUB Environment Block\nsaved_entry=id-1\nkernelopts=root=/dev/sda1\n',
    'boot/loader/entries/id-1.conf': 'title Old\nlinux /vmlinuz-1\noptions $kernelopts\n',
    'boot/loader/entries/id-2.conf': 'title New\nlinux /vmlinuz-2\noptions $kernelopts\n',
  };
  expect(await chosenOf(files)).toBe('/vmlinuz-1');
});

test('Photon OS has kernel, initramfs and command line in an environment block of its own', async () => {
  const files = {
    'boot/photon.cfg':
      '# GRUB Environment Block\nphoton_cmdline=ro quiet\nphoton_linux=vmlinuz-6.1.10\nphoton_initrd=initrd.img-6.1.10\n',
    'boot/grub2/grub.cfg': `set rootpartition=PARTUUID=1-02
load_env -f /boot/photon.cfg
if [ -f  /boot/systemd.cfg ]; then
    load_env -f /boot/systemd.cfg
else
    set systemd_cmdline=net.ifnames=0
fi
menuentry "Photon" {
    linux /boot/$photon_linux root=$rootpartition $photon_cmdline $systemd_cmdline
    if [ -f /boot/$photon_initrd ]; then
        initrd /boot/$photon_initrd
    fi
}`,
  };
  const directory = { tree: fileTree(memoryDirectory(files)), path: '/boot', volume: null };
  expect((await readGrub(directory, [directory]))?.chosen).toMatchObject({
    kernel: '/boot/vmlinuz-6.1.10',
    initramfs: ['/boot/initrd.img-6.1.10'],
    commandLine: 'root=PARTUUID=1-02 ro quiet net.ifnames=0',
  });
});

test('a default that is none of the entries is the first', async () => {
  const text = 'set default="gone"\nmenuentry A { linux /a }\nmenuentry B { linux /b }\n';
  expect(await chosenOf({ 'boot/grub2/grub.cfg': text })).toBe('/a');
});
