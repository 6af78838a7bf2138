import {
  scenario,
  startOpenAIServer,
  type Ask,
  type OpenAIServer,
  type Script,
} from '@throughline/testing/openai-server';
import type { Finding } from '../library.ts';

interface Message {
  readonly role: string;
  readonly content: unknown;
  readonly tool_calls?: readonly { readonly id: string; readonly function: ToolRequest }[];
  readonly tool_call_id?: string;
}

interface ToolRequest {
  readonly name: string;
  readonly arguments: string;
}

/** In place of a language model: speaks OpenAI's wire format, asks for the tools, then answers from what they returned. */
export function startModel(): Promise<OpenAIServer> {
  return startOpenAIServer({ respond });
}

function respond({ endpoint, body }: Ask): Script | undefined {
  if (endpoint !== 'chat') return undefined;
  const messages = body['messages'] as readonly Message[];
  const pace = scenario.slow(body['stream'] === true ? 8 : 90);
  const question = String(messages.findLast(({ role }) => role === 'user')?.content);
  const results = messages
    .filter(({ role }) => role === 'tool')
    .map((message) => ({ ...message, ...callOf(message, messages) }));

  if (results.length === 0) return { ...scenario.toolCalls(callsFor(question)), ...pace };
  const last = results.at(-1);
  if (last && String(last.content).startsWith('Error'))
    return { ...scenario.toolCalls([{ name: last.name, arguments: last.arguments }]), ...pace };
  return { ...scenario.text(results.map(sentence).filter(Boolean).join(' ')), ...pace };
}

/** The search always; the glossary too when the question asks for a word's meaning. */
function callsFor(question: string) {
  const term = /what (?:is|does) ([\w-]+)/i.exec(question)?.[1];
  return [
    { name: 'search_episodes', arguments: { query: question } },
    ...(term ? [{ name: 'explain_term', arguments: { term: term.toLowerCase() } }] : []),
  ];
}

function callOf(message: Message, messages: readonly Message[]): ToolRequest {
  const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls);
  return calls.find(({ id }) => id === message.tool_call_id)?.function ?? { name: '', arguments: '' };
}

function sentence({ name, content }: { readonly name: string; readonly content: unknown }): string {
  const text = String(content);
  if (text.startsWith('Error')) return '';
  if (name !== 'search_episodes') return text;
  const [first] = JSON.parse(text) as readonly Finding[];
  return first ? `In “${first.title}”, ${first.speakers.join(' and ')}: ${first.note}` : 'No episode is about that.';
}
