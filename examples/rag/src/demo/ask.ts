/** What came back for a question. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly traceId: string;
}

/** Asks the service as any client would. */
export async function ask(url: string, question: string, streamed: boolean): Promise<Reply> {
  const response = await fetch(`${url}/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(streamed && { accept: 'text/event-stream' }) },
    body: JSON.stringify({ question }),
  });
  const body = await response.text();
  return {
    status: response.status,
    text: response.ok ? answerIn(body, streamed) : '',
    traceId: response.headers.get('x-trace-id') ?? '',
  };
}

function answerIn(body: string, streamed: boolean): string {
  if (!streamed) return (JSON.parse(body) as { answer: string }).answer;
  const events = body.split('\n\n').filter((event) => event.startsWith('data: '));
  return events.map((event) => JSON.parse(event.slice('data: '.length)) as string).join('');
}
