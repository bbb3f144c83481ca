import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';

export function registerDoctor(program: Command, context: Context): void {
  const doctor = program
    .command('doctor')
    .summary('look whether a deployment is ready, and say what to do where it is not')
    .description(
      'Looks at all that a deployment needs, and says the fix for whatever is amiss; it leaves nothing behind. The functions are ' +
        'asked to try, with their own rights, the calls that they need. What you may not look at is told as not known. ' +
        'Exit status: 0 ready, 1 not ready.',
    )
    .option('--no-invoke', 'do not ask the functions');
  addLedgerOptions(doctor);
  addExamples(doctor, ['byoi doctor', 'byoi doctor -c ocid1.compartment.oc1..aaaa --output json']);
  context.action(doctor, async () => (await import('../handlers/doctor.ts')).examine);
}
