import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One request that a collector got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names of spans, or of metrics. */
  readonly names: readonly string[];
  /** Attributes of the resource whose value is a text. */
  readonly resource: Readonly<Record<string, string>>;
}

/** An OTLP receiver that reads protobuf. */
export interface Collector {
  readonly url: string;
  readonly received: Received[];
  /** Names of all spans, in the order they came. */
  spans(): readonly string[];
  /** What it answers; undefined leaves the request hanging. */
  answer: number | undefined;
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    received.push({ path: request.url ?? '', headers: request.headers, ...readRequest(body) });
    if (collector.answer !== undefined) response.writeHead(collector.answer).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: () => received.filter(({ path }) => path.endsWith('/v1/traces')).flatMap(({ names }) => names),
    answer: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return collector;
}

/** ExportTraceServiceRequest and ExportMetricsServiceRequest have the same numbers down to the name. */
function readRequest(body: Buffer): Pick<Received, 'names' | 'resource'> {
  const resources = fields(body, 1);
  const records = resources.flatMap((one) => fields(one, 2)).flatMap((scope) => fields(scope, 2));
  const attributes = resources.flatMap((one) => fields(one, 1)).flatMap((one) => fields(one, 1));
  return {
    // A span has its ids before its name, a metric begins with its name.
    names: records.map((record) => String(fields(record, 5)[0] ?? fields(record, 1)[0])),
    resource: Object.fromEntries(
      attributes.map((one) => [String(fields(one, 1)[0]), String(fields(fields(one, 2)[0] as Buffer, 1)[0])]),
    ),
  };
}

/** The length-delimited fields of a protobuf message that have this number. */
function fields(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = varint();
      if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
