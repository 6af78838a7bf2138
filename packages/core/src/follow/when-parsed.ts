import type { AnyExecution } from '../execution.js';
import { guard, warnOnce } from '../guard.js';
import type { Follow } from './follow.js';
import { endWhenDropped, forgetDropped, observeIterator, observeLeaving } from './when-iterated.js';
import type { IterationWatcher } from './when-iterated.js';

/**
 * The lazy promise of a client that Stainless generates (OpenAI, Anthropic). The request is sent at once; the body is
 * read when somebody asks for the parsed answer, by `then` or by `withResponse()`, and never for `asResponse()`. The
 * promises that helpers derive with `_thenUnwrap` share the request.
 */
interface ApiPromise {
  responsePromise: Promise<unknown>;
  parseResponse: (...args: unknown[]) => unknown;
  readonly parsedPromise?: unknown;
  readonly _thenUnwrap: (transform: Transform) => unknown;
  readonly asResponse: () => Promise<unknown>;
}

type Transform = (value: unknown, ...rest: unknown[]) => unknown;

/** What such a promise gives for a streamed answer. `tee()` and `toReadableStream()` read it through `iterator`. */
interface ApiStream {
  iterator: (...args: unknown[]) => AsyncIterator<unknown>;
  readonly controller: AbortController;
  [Symbol.asyncIterator]: (...args: unknown[]) => AsyncIterator<unknown>;
}

/**
 * The call is over when the answer is parsed, or its stream is read to the end, left or aborted. The program gets the
 * same promise and the same stream; nothing is read that it does not read. When it asks for the bare response only,
 * the call is over with the headers.
 */
export const whenParsed: Follow = (returned, execution) => {
  if (!isApiPromise(returned)) {
    warnOnce('a client returned a promise of a shape that is not known; only the request of such calls is recorded');
    execution.succeed();
    return returned;
  }
  const call = watchedCall(execution, returned.responsePromise);
  endUnlessRead(call, returned.responsePromise);
  watchPromise(returned, call);
  return returned;
};

/**
 * One call, through all of its promises, its stream and the stream's iterator. Each of them refers to it, so that it
 * is collected once the program has dropped the last of them; the execution does not.
 */
interface WatchedCall {
  readonly execution: AnyExecution;
  readonly responsePromise: Promise<unknown>;
  /** Somebody reads the body. */
  parsing: boolean;
  answered: boolean;
  iterated: boolean;
}

function watchedCall(execution: AnyExecution, responsePromise: Promise<unknown>): WatchedCall {
  return {
    execution,
    // It takes the place of the client's own everywhere, so that a failure which nobody handles is reported once.
    responsePromise: responsePromise.catch((error: unknown) => {
      execution.fail(error);
      throw error;
    }),
    parsing: false,
    answered: false,
    iterated: false,
  };
}

/** Nearly every answer is waited for when its headers arrive; only one that is not can be dropped. */
function endUnlessRead(call: WatchedCall, responsePromise: Promise<unknown>): void {
  const look = (): void => {
    if (!call.parsing) endWhenDropped(call, call.execution);
  };
  // One turn after those who wait for the answer.
  responsePromise.then(
    () => {
      queueMicrotask(look);
    },
    () => {},
  );
}

/** `then` is never called: it would read the body, and turn an unhandled rejection into a handled one. */
function watchPromise(promise: ApiPromise, call: WatchedCall): void {
  const { parseResponse, _thenUnwrap: derive, asResponse } = promise;
  const { execution } = call;

  promise.responsePromise = call.responsePromise;
  promise.parseResponse = async function (this: unknown, ...args) {
    call.parsing = true;
    try {
      return answered(await Reflect.apply(parseResponse, this, args), call);
    } catch (error) {
      execution.fail(error);
      throw error;
    }
  };
  // OpenAI 7 derives from the request itself and not through `parseResponse`, hence the look before the transformation.
  define(promise, '_thenUnwrap', function (transform: Transform) {
    const derived = Reflect.apply(derive, promise, [
      (value: unknown, ...rest: unknown[]) => transform(answered(value, call), ...rest),
    ]);
    if (isApiPromise(derived)) watchPromise(derived, call);
    return derived;
  });
  define(promise, 'asResponse', async function () {
    const response = await Reflect.apply(asResponse, promise, []);
    if (!call.parsing && promise.parsedPromise === undefined) execution.succeed();
    return response;
  });
}

function answered(value: unknown, call: WatchedCall): unknown {
  if (call.answered) return value;
  call.answered = true;
  if (isApiStream(value)) guard('watching a stream', () => watchStream(value, call));
  else call.execution.succeed(value);
  return value;
}

function watchStream(stream: ApiStream, call: WatchedCall): void {
  const { iterator } = stream;
  const { signal } = stream.controller;
  const { execution } = call;
  const watcher: IterationWatcher = {
    chunk(chunk) {
      execution.chunk(chunk);
    },
    succeed() {
      forgetDropped(call);
      // A stream that is aborted while it is read ends as if it were complete.
      if (signal.aborted) execution.cancel();
      else execution.succeed();
    },
    fail(error) {
      forgetDropped(call);
      execution.fail(error);
    },
    cancel() {
      forgetDropped(call);
      execution.cancel();
    },
  };
  endWhenDropped(call, execution);
  // Only until it is read: the stream aborts its own controller when it fails.
  const aborted = cancellation(execution);
  signal.addEventListener('abort', aborted, { once: true });

  stream.iterator = function (this: unknown, ...args) {
    const made = Reflect.apply(iterator, this, args);
    // A stream can be read once; a second iterator only throws the client's error.
    if (call.iterated) return made;
    call.iterated = true;
    signal.removeEventListener('abort', aborted);
    return observeIterator(made, watcher);
  };
  // OpenAI 7's chat streams have one of their own, which asks for `iterator` not before its first `next`.
  if (Object.hasOwn(stream, Symbol.asyncIterator)) {
    const own = stream[Symbol.asyncIterator];
    stream[Symbol.asyncIterator] = function (this: unknown, ...args) {
      return observeLeaving(Reflect.apply(own, this, args), watcher);
    };
  }
}

/** Knows the execution only: a signal can live longer than the call, and would keep it from being dropped. */
function cancellation(execution: AnyExecution): () => void {
  return () => {
    execution.cancel();
  };
}

/** What a program lists of the promise stays what it was: version 7 of OpenAI has own properties of these names. */
function define(promise: ApiPromise, name: keyof ApiPromise, value: (...args: never[]) => unknown): void {
  const enumerable = Object.prototype.propertyIsEnumerable.call(promise, name);
  Object.defineProperty(promise, name, { configurable: true, enumerable, writable: true, value });
}

function isApiPromise(value: unknown): value is ApiPromise {
  if (typeof value !== 'object' || value === null) return false;
  const { responsePromise, parseResponse, _thenUnwrap: derive, asResponse } = value as Partial<ApiPromise>;
  return responsePromise instanceof Promise && [parseResponse, derive, asResponse].every(isFunction);
}

function isApiStream(value: unknown): value is ApiStream {
  if (typeof value !== 'object' || value === null) return false;
  const { iterator, controller, [Symbol.asyncIterator]: iterate } = value as Partial<ApiStream>;
  return controller?.signal instanceof AbortSignal && [iterator, iterate].every(isFunction);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
