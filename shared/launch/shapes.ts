/**
 * Shapes an image is made compatible with where OCI lists none: the flexible virtual machine shapes of each
 * processor family, which between them every region offers (Oracle: "Compute Shapes").
 */
const X86_SHAPES = [
  'VM.Standard3.Flex',
  'VM.Standard.E3.Flex',
  'VM.Standard.E4.Flex',
  'VM.Standard.E5.Flex',
  'VM.Standard.E6.Flex',
  'VM.Optimized3.Flex',
];
const ARM_SHAPES = ['VM.Standard.A1.Flex', 'VM.Standard.A2.Flex'];

export function shapesFor(arm: boolean): readonly string[] {
  return arm ? ARM_SHAPES : X86_SHAPES;
}

/** Arm shapes are those of the A families: `VM.Standard.A1.Flex`, `BM.Standard.A1.160`. */
export function isArmShape(shape: string): boolean {
  return /\.A\d+\./.test(shape);
}
