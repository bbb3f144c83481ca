import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';

export function registerInspect(program: Command, context: Context): void {
  const inspect = program
    .command('inspect')
    .summary('say how OCI would have to launch an image, and why')
    .description(
      'Reads the few parts of an image that matter and says its format, system, launch mode and firmware, with ' +
        'the evidence, and what stands in the way. Exit status: 0 it can be imported, 2 it is refused, 1 error.',
    )
    .argument('<image>', 'a file, an http(s) URL, oci://BUCKET/OBJECT or oci://BUCKET@NAMESPACE/OBJECT');
  inspect.option('--explain', 'read on when the verdict is decided, and tell all that was found');
  addExamples(inspect, [
    'byoi inspect disk.qcow2',
    'byoi inspect disk.qcow2 --explain',
    'byoi inspect https://example.com/images/debian-12.qcow2 --output json',
    'byoi inspect oci://drop/debian-12.vmdk --region eu-frankfurt-1',
  ]);
  context.action(inspect, async () => (await import('../handlers/inspect.ts')).inspectImage);
}
