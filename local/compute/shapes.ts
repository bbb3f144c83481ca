import { type Operation, pageOf, requiredQuery } from '../api.ts';
import { requireCompartment } from '../identity/access.ts';
import type { ShapeEntries } from './shape-entries.ts';

interface Shape {
  readonly shape: string;
  readonly processorDescription: string;
  /** Of a fixed shape; a flexible one's least. */
  readonly ocpus: number;
  readonly memoryInGBs: number;
  readonly isFlexible: boolean;
}

const flexible = (shape: string, processorDescription: string): Shape => ({
  shape,
  processorDescription,
  ocpus: 1,
  memoryInGBs: 1,
  isFlexible: true,
});
const fixed = (shape: string, processorDescription: string, ocpus: number, memoryInGBs: number): Shape => ({
  shape,
  processorDescription,
  ocpus,
  memoryInGBs,
  isFlexible: false,
});

/** The virtual machine shapes of today's regions; bare metal and GPUs are left out. */
export const SHAPES: readonly Shape[] = [
  flexible('VM.Standard.E3.Flex', '2.25 GHz AMD EPYC 7742'),
  flexible('VM.Standard.E4.Flex', '2.55 GHz AMD EPYC 7J13'),
  flexible('VM.Standard.E5.Flex', '2.4 GHz AMD EPYC 9J14'),
  flexible('VM.Standard.E6.Flex', '2.7 GHz AMD EPYC 9J45'),
  flexible('VM.Standard3.Flex', '2.6 GHz Intel Xeon Platinum 8358'),
  flexible('VM.Optimized3.Flex', '3.0 GHz Intel Xeon 6354'),
  flexible('VM.DenseIO.E4.Flex', '2.55 GHz AMD EPYC 7J13'),
  flexible('VM.DenseIO.E5.Flex', '2.4 GHz AMD EPYC 9J14'),
  fixed('VM.Standard.E2.1.Micro', '2.0 GHz AMD EPYC 7551', 1, 1),
  fixed('VM.Standard2.1', '2.0 GHz Intel Xeon Platinum 8167M', 1, 15),
  fixed('VM.Standard2.2', '2.0 GHz Intel Xeon Platinum 8167M', 2, 30),
  fixed('VM.Standard2.4', '2.0 GHz Intel Xeon Platinum 8167M', 4, 60),
  fixed('VM.Standard2.8', '2.0 GHz Intel Xeon Platinum 8167M', 8, 120),
  fixed('VM.Standard2.16', '2.0 GHz Intel Xeon Platinum 8167M', 16, 240),
  fixed('VM.Standard2.24', '2.0 GHz Intel Xeon Platinum 8167M', 24, 320),
  flexible('VM.Standard.A1.Flex', '3.0 GHz Ampere Altra'),
  flexible('VM.Standard.A2.Flex', '3.0 GHz AmpereOne'),
  flexible('VM.Standard.A4.Flex', '3.6 GHz AmpereOne M'),
];

/** ListShapes; with an image, the shapes its compatibility entries name. */
export function listShapes(entries: ShapeEntries): Operation {
  return {
    name: 'ListShapes',
    method: 'GET',
    path: '/20160918/shapes',
    handle: (call) => {
      requireCompartment(call, requiredQuery(call, 'compartmentId'));
      const imageId = call.query.get('imageId');
      const name = call.query.get('shape');
      const found = SHAPES.filter(
        ({ shape }) => (name === null || shape === name) && (imageId === null || entries.has(imageId, shape)),
      );
      const { items, headers } = pageOf(call, found);
      return { body: items, headers };
    },
  };
}
