import { USAGE, type Answer } from './script.ts';
import { toolCall } from './tool-calls.ts';

const event = (candidate: object, more: object = {}): string =>
  `data: ${JSON.stringify({ candidates: [{ index: 0, ...candidate }], ...more })}\n\n`;

const part = (of: object): object => ({ content: { role: 'model', parts: [of] } });

export const beginning = (): string => event(part({ text: 'I beg' }));

/** An answer as Gemini's API streams it. */
export function streamed(answer: Exclude<Answer, { trouble: unknown }>, tools: string[]): string {
  const { input, cached, output } = answer.usage ?? USAGE;
  const usageMetadata = {
    promptTokenCount: input,
    cachedContentTokenCount: cached,
    candidatesTokenCount: output,
    totalTokenCount: input + output,
  };
  const call = toolCall(answer, tools);
  const said = call
    ? { functionCall: { name: call.name, args: call.arguments } }
    : { text: 'say' in answer ? answer.say : '' };
  return event({ ...part(said), finishReason: 'STOP' }, { usageMetadata });
}

export const toolsOf = (body: { tools?: { functionDeclarations?: { name: string }[] }[] }): string[] =>
  (body.tools ?? []).flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => name));
