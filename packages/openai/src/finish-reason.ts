/**
 * A choice's finish reason in the words of the conventions, which all providers share: OpenAI's `tool_calls` is
 * `tool_call`. `error` where one was expected and did not come: a stream that was cut or left.
 */
export function finishReason(given: string | null | undefined): string {
  if (given === null || given === undefined || given === '') return 'error';
  return given === 'tool_calls' || given === 'function_call' ? 'tool_call' : given;
}
