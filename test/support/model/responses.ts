import { randomUUID } from 'node:crypto';
import { USAGE, type Answer } from './script.ts';
import { toolCall } from './tool-calls.ts';

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

export const beginning = (): string => event('response.created', { response: { id: `resp_${randomUUID()}` } });

/** An answer as OpenAI's Responses API streams it. */
export function streamed(answer: Exclude<Answer, { trouble: unknown }>, tools: string[]): string {
  const { input, cached, output } = answer.usage ?? USAGE;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  const call = toolCall(answer, tools);
  const item = call
    ? { type: 'function_call', call_id: randomUUID(), name: call.name, arguments: JSON.stringify(call.arguments) }
    : {
        type: 'message',
        role: 'assistant',
        id: `msg_${randomUUID()}`,
        content: [{ type: 'output_text', text: 'say' in answer ? answer.say : '' }],
      };
  return [
    beginning(),
    event('response.output_item.done', { output_index: 0, item }),
    event('response.completed', { response: { id: `resp_${randomUUID()}`, usage } }),
  ].join('');
}

export const toolsOf = (body: { tools?: { name?: string; type?: string }[] }): string[] =>
  (body.tools ?? []).map(({ name, type }) => name ?? type ?? '');
