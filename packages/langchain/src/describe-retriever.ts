import { frameworkOperation } from '@throughline/core';
import type { Operation } from '@throughline/core';
import { classOf, conversationOf, number, record, text } from './callback-data.js';
import type { Metadata, Serialized } from './callback-data.js';
import { failureOf } from './failure.js';

/** A search by a retriever. */
export interface RetrieverStart {
  readonly serialized: Serialized | undefined;
  readonly self: object | undefined;
  readonly query: string;
  readonly runName: string | undefined;
  readonly metadata: Metadata | undefined;
  readonly agentName: string | undefined;
}

export const retrieverOperation: Operation<RetrieverStart> = frameworkOperation<RetrieverStart>({
  call: (start) => ({
    kind: 'retrieval',
    dataSource: dataSource(start),
    topK: number(record(start.self)?.['k']),
    query: () => start.query,
    agentName: start.agentName,
    conversationId: conversationOf(start.metadata),
  }),
  result: (documents) =>
    Array.isArray(documents)
      ? {
          attributes: { 'langchain.retriever.document_count': documents.length },
          documents: documents.map((one) => ({ id: text(record(one)?.['id']) })),
        }
      : {},
  failure: failureOf,
});

/** The name that the program gave, else the class of the vector store, else the retriever's. */
function dataSource({ runName, self, serialized }: RetrieverStart): string | undefined {
  const className = classOf(serialized);
  if (runName !== undefined && runName !== className) return runName;
  const store = record(self)?.['vectorStore'];
  return typeof store === 'object' && store !== null ? store.constructor.name : className;
}
