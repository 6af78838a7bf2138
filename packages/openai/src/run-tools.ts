import { frameworkOperation, guard, intercept, method, parseArguments } from '@throughline/core';
import type { CallOf, Operation, Target, Telemetry } from '@throughline/core';

/** A tool's body as `runTools()` calls it: with the arguments, parsed or as JSON text, then the runner. */
type Body = (...args: unknown[]) => unknown;

/** A run of a tool's body. */
type ToolRun = CallOf<{ body: Body }, 'body'>;

/** A tool of `runTools()`, as the program writes it or as the client's `zodFunction()` makes it. */
interface RunnableTool {
  readonly type?: unknown;
  readonly function: { readonly name?: string; readonly description?: string; readonly function?: Body };
  readonly $callback?: Body;
}

/**
 * The tools that `runTools()` runs: one span for each run of a tool's body, which runs inside it. The client gets
 * copies of the tools, since the program's own are not to be touched.
 */
export function tracedTools<Owner extends object>(owner: Owner, name: keyof Owner): Target {
  return intercept(
    owner,
    name,
    (original, telemetry) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const [body, ...rest] = args;
        const traced = guard('tracing tools', () => withTracedTools(body, telemetry)) ?? body;
        return Reflect.apply(original, this, [traced, ...rest]);
      },
  );
}

function withTracedTools(body: unknown, telemetry: Telemetry): unknown {
  const { tools } = body as { readonly tools?: unknown };
  if (!telemetry.enabled || !Array.isArray(tools)) return body;
  return { ...(body as object), tools: tools.map((tool: RunnableTool) => tracedTool(tool, telemetry)) };
}

function tracedTool(tool: RunnableTool, telemetry: Telemetry): RunnableTool {
  const { $callback: callback, function: described } = tool;
  const body = callback ?? described?.function;
  if (body === undefined) return tool;
  const operation = toolOperation(described.name ?? body.name, described.description);
  if (callback !== undefined) return replaced(tool, '$callback', tracedBody(callback, operation, telemetry));
  // A body that is a method of its description finds its own object.
  const bound: Body = (...args) => Reflect.apply(body, described, args);
  Object.defineProperty(bound, 'name', { value: body.name });
  return replaced(tool, 'function', replaced(described, 'function', tracedBody(bound, operation, telemetry)));
}

function tracedBody(body: Body, operation: Operation<ToolRun>, telemetry: Telemetry): Body {
  const holder = { body };
  method(holder, 'body', operation)(telemetry);
  return holder.body;
}

/** The same object but for one field, hidden fields and prototype included. */
function replaced<Original extends object>(original: Original, name: keyof Original, value: unknown): Original {
  const fields = Object.getOwnPropertyDescriptors(original);
  return Object.create(Object.getPrototypeOf(original) as object | null, {
    ...fields,
    [name]: { ...fields[name], value },
  }) as Original;
}

function toolOperation(name: string, description: string | undefined): Operation<ToolRun> {
  return frameworkOperation<ToolRun>({
    call: ({ args: [given] }) => ({ kind: 'tool', name, description, arguments: () => parseArguments(given) }),
    result: (output) => ({ toolResult: () => output }),
  });
}
