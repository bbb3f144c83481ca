import type { Run } from '../run/run.ts';

/** What a run is about, in a few words: its image, or its object. */
export const subjectOf = ({ image, source }: Run): string => image?.displayName ?? source?.object ?? '';
