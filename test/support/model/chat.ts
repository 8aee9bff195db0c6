import { randomUUID } from 'node:crypto';
import { USAGE, type Answer } from './script.ts';
import { toolCall } from './tool-calls.ts';

const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'fake',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  })}\n\n`;

export const beginning = (): string => chunk({ role: 'assistant', content: 'I beg' });

/** An answer as the Chat Completions API streams it. */
export function streamed(answer: Exclude<Answer, { trouble: unknown }>, tools: string[]): string {
  const { input, cached, output } = answer.usage ?? USAGE;
  const usage = {
    prompt_tokens: input,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens: output,
    total_tokens: input + output,
  };
  const call = toolCall(answer, tools);
  const calls = call && [
    {
      index: 0,
      id: `call_${randomUUID()}`,
      type: 'function',
      function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    },
  ];
  return [
    chunk({ role: 'assistant', ...(calls ? { tool_calls: calls } : { content: 'say' in answer ? answer.say : '' }) }),
    chunk({}, calls ? 'tool_calls' : 'stop', { usage }),
    'data: [DONE]\n\n',
  ].join('');
}

export const toolsOf = (body: { tools?: { function?: { name: string } }[] }): string[] =>
  (body.tools ?? []).map((tool) => tool.function?.name ?? '');
