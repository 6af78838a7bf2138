/** `ls_provider` and class names of LangChain's integrations, as `gen_ai.provider.name` has them. */
const PROVIDERS: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  azure_openai: 'azure.ai.openai',
  azureopenai: 'azure.ai.openai',
  amazon_bedrock: 'aws.bedrock',
  bedrock: 'aws.bedrock',
  bedrockconverse: 'aws.bedrock',
  google_genai: 'gcp.gemini',
  googlegenerativeai: 'gcp.gemini',
  google_gemini: 'gcp.gemini',
  google_vertexai: 'gcp.vertex_ai',
  vertexai: 'gcp.vertex_ai',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  xai: 'x_ai',
  moonshot: 'moonshot_ai',
  watsonx: 'ibm.watsonx.ai',
  ibm: 'ibm.watsonx.ai',
};

/** The value of `gen_ai.provider.name`; a provider that the conventions do not know keeps its name. */
export function providerOf(lsProvider: string): string {
  const name = lsProvider.toLowerCase();
  return PROVIDERS[name] ?? name;
}
