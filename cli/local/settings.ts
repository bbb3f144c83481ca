/** The first is the hub. */
export const FIRST_REGION = 'us-ashburn-1';
export const SECOND_REGION = 'us-phoenix-1';
export const REGIONS = [FIRST_REGION, SECOND_REGION];
/** Keys of config.json: work goes faster than in OCI, so that it is looked at more often too. */
export const PACE = { pollFirstSeconds: 0.5, pollMaxSeconds: 5 };
