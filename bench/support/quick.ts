/** `npm run bench -- --quick` shows that a bench runs, and measures nothing that says anything. */
export const QUICK = process.argv.includes('--quick');

/** How often or how much is measured, or the least with which the bench still does all that it does. */
export const unlessQuick = (usual: number, least = 1): number => (QUICK ? least : usual);
