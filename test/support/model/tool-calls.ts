import type { Answer } from './script.ts';

interface Call {
  name: string;
  arguments: object;
}

/** How each agent's shell tool is called. */
const SHELLS: Record<string, (command: string) => object> = {
  exec_command: (cmd) => ({ cmd }),
  shell_command: (command) => ({ command }),
  bash: (command) => ({ command, description: 'Runs a command' }),
  run_shell_command: (command) => ({ command, description: 'Runs a command' }),
};

/** How each agent's tool for writing files is called. */
const WRITERS: Record<string, (path: string, text: string) => object> = {
  write: (filePath, content) => ({ filePath, content }),
  write_file: (file_path, content) => ({ file_path, content }),
};

/** The tool call of an answer, by the names that the agent's tools have. A tool that was not offered is called all the same. */
export function toolCall(answer: Exclude<Answer, { trouble: unknown }>, tools: string[]): Call | undefined {
  if ('call' in answer) return { name: answer.call, arguments: answer.arguments };
  if ('run' in answer) {
    const name = tools.find((each) => Object.hasOwn(SHELLS, each)) ?? 'bash';
    return { name, arguments: SHELLS[name]!(answer.run) };
  }
  if ('write' in answer) {
    const name = tools.find((each) => Object.hasOwn(WRITERS, each)) ?? 'write';
    return { name, arguments: WRITERS[name]!(answer.write, answer.text) };
  }
  return undefined;
}
