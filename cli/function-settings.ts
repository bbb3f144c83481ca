/** What OCI Functions is told of a function. */
export interface FunctionSettings {
  readonly memoryInMBs: number;
  readonly timeoutInSeconds: number;
  /** How long a detached call may run; undefined where it is nothing that matters. */
  readonly detachedModeTimeoutInSeconds?: number;
}

const SETTINGS: FunctionSettings = { memoryInMBs: 256, timeoutInSeconds: 300 };

/** As in each function's func.yaml: test/unit/cli/doctor/functions.test.ts compares them. */
export const FUNCTION_SETTINGS: Readonly<Record<string, FunctionSettings>> = {
  'import-image': SETTINGS,
  'export-image': SETTINGS,
  'copy-image': SETTINGS,
  'advance-runs': { ...SETTINGS, detachedModeTimeoutInSeconds: 1200 },
};
