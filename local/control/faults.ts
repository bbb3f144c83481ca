import { z } from 'zod';
import type { Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import type { Faults } from '../faults.ts';

const probability = z.number().min(0).max(1);
const when = z.enum(['before', 'after']);
const aim = {
  skip: z.int().min(0).optional(),
  times: z.int().min(1).optional(),
  probability: probability.optional(),
};
const FaultDetails = z.strictObject({
  calls: z
    .array(
      z.strictObject({
        operation: z.string(),
        ...aim,
        status: z.int().min(400).max(599).optional(),
        code: z.string().optional(),
        message: z.string().optional(),
        drop: z.boolean().optional(),
        when: when.optional(),
        delayMs: z.number().min(0).optional(),
        ofFunctions: z.boolean().optional(),
      }),
    )
    .optional(),
  events: z
    .strictObject({ lose: probability, duplicate: probability, delayMs: z.number().min(0) })
    .partial()
    .optional(),
  kills: z
    .array(z.strictObject({ functionName: z.string(), call: z.int().min(1), when, times: z.int().min(1) }))
    .optional(),
  works: z
    .array(
      z.strictObject({
        operation: z.enum(['CopyObject', 'ExportImage', 'CreateImage', '*']),
        ...aim,
        outcome: z.enum(['fail', 'forget', 'stall']),
        code: z.string().optional(),
        message: z.string().optional(),
      }),
    )
    .optional(),
  seed: z.int().optional(),
});

/** `/_local/faults`: POST adds to what is in force, DELETE ends all of it. */
export function faultOperations(faults: Faults): Operation[] {
  const path = '/_local/faults';
  const answer = () => {
    const { events, kills } = faults;
    return { body: { calls: faults.list(), events, kills, works: faults.listWorks() } };
  };
  return [
    { name: 'LocalGetFaults', method: 'GET', path, unsigned: true, handle: answer },
    {
      name: 'LocalAddFaults',
      method: 'POST',
      path,
      unsigned: true,
      handle: (call) => {
        const { calls = [], events, kills = [], works = [], seed } = parseBody(call, FaultDetails);
        for (const fault of calls) faults.add(fault);
        for (const fault of works) faults.addWork(fault);
        faults.events = { ...faults.events, ...events };
        faults.kills = [...faults.kills, ...kills];
        if (seed !== undefined) faults.seed(seed);
        return answer();
      },
    },
    {
      name: 'LocalClearFaults',
      method: 'DELETE',
      path,
      unsigned: true,
      handle: () => {
        faults.clear();
        return answer();
      },
    },
  ];
}
