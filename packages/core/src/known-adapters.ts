/** The adapters that `instrumentAll()` looks for. `pnpm new-adapter` adds to it. */
export const KNOWN_ADAPTERS: readonly string[] = ['http', 'langchain', 'neo4j', 'openai', 'redis'];
