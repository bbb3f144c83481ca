import { OciError } from '../errors.ts';

/**
 * What OCI Functions answers where an invocation fails: status, code and message as in its troubleshooting guide,
 * https://docs.oracle.com/iaas/Content/Functions/Tasks/functionstroubleshooting_topic-Issues-invoking-functions.htm
 */
export const tooManyRequests = () => new OciError(429, 'TooManyRequests', 'Too many requests submitted');

export const imageNotAvailable = () =>
  new OciError(502, 'FunctionInvokeImageNotAvailable', 'Failed to pull function image');

export const initializationFailed = () =>
  new OciError(
    502,
    'FunctionInvokeContainerInitFail',
    'Container failed to initialize, please ensure you are using the latest fdk and check the logs',
  );

/** The function answered a failure, was killed, or ran out of memory. */
export const functionFailed = () => new OciError(502, 'FunctionInvokeExecutionFailed', 'function failed');

/** The connection broke before the whole answer was there. */
export const responseBroken = () =>
  new OciError(502, 'FunctionInvokeExecutionError', 'error receiving function response');

export const responseTooLarge = () =>
  new OciError(502, 'FunctionInvokeResponseBodyTooLarge', 'function response body too large');

export const timedOut = () => new OciError(504, 'FunctionInvokeTimeout', 'Timed out');
