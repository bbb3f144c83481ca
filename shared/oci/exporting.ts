import type { Documents } from './documents.ts';

/** An empty object for each image that a run exports: the event of an export's end names the image and nothing else. */
const FOLDER = 'exporting/';

export const markExporting = (documents: Documents, imageId: string, runId: string): Promise<void> =>
  documents.mark(`${FOLDER}${imageId}/${runId}`);

export const unmarkExporting = (documents: Documents, imageId: string, runId: string): Promise<void> =>
  documents.remove(`${FOLDER}${imageId}/${runId}`);

/** The runs that export an image. */
export async function exportersOf(documents: Documents, imageId: string): Promise<string[]> {
  const runIds: string[] = [];
  const prefix = `${FOLDER}${imageId}/`;
  for await (const { name } of documents.list(prefix)) runIds.push(name.slice(prefix.length));
  return runIds;
}

/** All there are. */
export async function* allExporting(
  documents: Documents,
): AsyncGenerator<{ imageId: string; runId: string }> {
  for await (const { name } of documents.list(FOLDER)) {
    const [imageId = '', runId = ''] = name.slice(FOLDER.length).split('/');
    yield { imageId, runId };
  }
}
