import { serverOf } from '@throughline/core';
import type { ServerAddress } from '@throughline/core';

/** Where a client sends its requests. */
export interface Endpoint {
  /** A value of `gen_ai.provider.name`. */
  readonly provider: string;
  readonly server: ServerAddress | undefined;
}

/**
 * Who answers at a host that speaks OpenAI's protocol, by the end of its name. A host that is not here, such as
 * localhost or a gateway, is taken for OpenAI. `openrouter`, `together_ai`, `fireworks_ai`, `cerebras` and `nvidia` are
 * names of our own: the conventions allow them.
 */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['api.openai.com', 'openai'],
  ['openai.azure.com', 'azure.ai.openai'],
  ['openai.azure.us', 'azure.ai.openai'],
  ['openai.azure.cn', 'azure.ai.openai'],
  ['cognitiveservices.azure.com', 'azure.ai.openai'],
  ['services.ai.azure.com', 'azure.ai.openai'],
  ['models.inference.ai.azure.com', 'azure.ai.inference'],
  ['models.ai.azure.com', 'azure.ai.inference'],
  ['api.anthropic.com', 'anthropic'],
  ['api.cerebras.ai', 'cerebras'],
  ['api.cohere.ai', 'cohere'],
  ['api.cohere.com', 'cohere'],
  ['api.deepseek.com', 'deepseek'],
  ['api.fireworks.ai', 'fireworks_ai'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.groq.com', 'groq'],
  ['ml.cloud.ibm.com', 'ibm.watsonx.ai'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.moonshot.ai', 'moonshot_ai'],
  ['api.moonshot.cn', 'moonshot_ai'],
  ['integrate.api.nvidia.com', 'nvidia'],
  ['openrouter.ai', 'openrouter'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.together.ai', 'together_ai'],
  ['api.together.xyz', 'together_ai'],
  ['api.x.ai', 'x_ai'],
]);

/** Hosts with the region inside. */
const REGIONAL: readonly (readonly [RegExp, string])[] = [
  [/^bedrock[\w-]*\.[\w-]+\.(?:amazonaws\.com|api\.aws)$/, 'aws.bedrock'],
  [/^[\w-]+-aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'],
];

/** Those that frameworks call by another client library, and by OpenAI's only when a program points it there. */
const WITH_THEIR_OWN_CLIENT: ReadonlySet<string> = new Set([
  'anthropic',
  'aws.bedrock',
  'azure.ai.inference',
  'cerebras',
  'cohere',
  'gcp.gemini',
  'gcp.vertex_ai',
  'groq',
  'ibm.watsonx.ai',
  'mistral_ai',
]);

/** Providers whose calls a framework makes through this client, so that it can leave their spans to this adapter. */
export const providers: readonly string[] = [
  ...new Set([...PROVIDERS.values(), ...REGIONAL.map(([, provider]) => provider)]),
].filter((provider) => !WITH_THEIR_OWN_CLIENT.has(provider));

/** The fields of a client that are read; `apiVersion` is `AzureOpenAI`'s, whatever gateway it goes through. */
interface Client {
  readonly baseURL?: unknown;
  readonly apiVersion?: unknown;
  readonly deploymentName?: unknown;
}

/** The endpoint of the client that a resource, such as `client.chat.completions`, belongs to. */
export function endpointOf(resource: object): Endpoint {
  const { baseURL, apiVersion } = clientOf(resource);
  const endpoint = typeof baseURL === 'string' ? endpointAt(baseURL) : UNKNOWN;
  return typeof apiVersion === 'string' ? { ...endpoint, provider: 'azure.ai.openai' } : endpoint;
}

/** What the request asks for: at Azure the client's deployment, which its address has, not the body's model. */
export function modelOf(resource: object, model: unknown): string | undefined {
  const { deploymentName } = clientOf(resource);
  const asked = typeof deploymentName === 'string' && deploymentName !== '' ? deploymentName : model;
  return typeof asked === 'string' && asked !== '' ? asked : undefined;
}

function clientOf(resource: object): Client {
  const { _client: client } = resource as { _client?: Client };
  return client ?? {};
}

const UNKNOWN: Endpoint = { provider: 'openai', server: undefined };
const endpoints = new Map<string, Endpoint>();

/** A program has few base URLs; one that makes them up does not fill the memory. */
const MAX_ENDPOINTS = 500;

function endpointAt(baseUrl: string): Endpoint {
  let endpoint = endpoints.get(baseUrl);
  if (endpoint === undefined) {
    const server = serverOf(baseUrl);
    endpoint = { provider: providerAt(server?.address ?? ''), server };
    if (endpoints.size >= MAX_ENDPOINTS) endpoints.clear();
    endpoints.set(baseUrl, endpoint);
  }
  return endpoint;
}

function providerAt(host: string): string {
  for (let name = host; name !== ''; name = name.includes('.') ? name.slice(name.indexOf('.') + 1) : '') {
    const provider = PROVIDERS.get(name);
    if (provider !== undefined) return provider;
  }
  return REGIONAL.find(([pattern]) => pattern.test(host))?.[1] ?? 'openai';
}
