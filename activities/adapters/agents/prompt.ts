import type { Mode } from './conversation.ts';

/** What a prompt contains of a job. */
export interface PromptedJob {
  role: string;
  task: { id: string; title: string; description?: string | undefined };
  change: { base: string; branch: string };
  brief: string;
  priorOutputs: { step: number; kind: string; output: string }[];
  resolvedDecision?: { question: string; choice: string } | undefined;
  revision?: SentBack | undefined;
  environment?: { url: string } | undefined;
}

interface SentBack {
  previousOutput: string;
  feedback: string;
  comments: { quote?: string | undefined; text: string }[];
}

interface Asked {
  mode: Mode;
  /** The JSON Schema of the answer, if it must be data. */
  schema?: object | undefined;
  /** The brief describes data as the answer, without a schema. */
  data?: boolean | undefined;
}

/** The prompt with which a coding agent begins its job. */
export function promptFor(job: PromptedJob, asked: Asked): string {
  const { role, task, brief, resolvedDecision, revision, environment } = job;
  const described = task.description && !brief.includes(task.description.trim()) ? task.description : '';
  return [
    `# ${task.id}: ${task.title}`,
    `Your role: ${role}. ${WORK[asked.mode]}`,
    section('What to do', brief),
    section('The task', described),
    ...earlier(job),
    resolvedDecision && section('Decided', `${resolvedDecision.question}\n\n${resolvedDecision.choice}`),
    revision && section('Sent back', sentBack(revision)),
    environment && section('Running environment', environment.url),
    section('The change so far', changeSoFar(job, asked.mode)),
    section('Rules', RULES.join('\n')),
    answerSection(asked),
  ]
    .filter(Boolean)
    .join('\n\n');
}

const WORK: Readonly<Record<Mode, string>> = {
  read: 'You read and answer. Change no files: changes are thrown away.',
  write: 'You work in this checkout of the work branch, and change its files.',
  resolve:
    'In this checkout a merge of the base branch stands in conflict. Resolve every conflict in the files, and leave no conflict markers. The merge is committed for you.',
};

const RULES = [
  '- Commit nothing, push nothing, and open no pull request: that is done for you. Stay on this branch.',
  '- Work inside this checkout only. Look for no credentials.',
  '- Nobody is at a terminal to answer questions. Decide by yourself, and say what you decided.',
  '- Leave no servers or other processes running.',
];

const section = (title: string, text: string): string => (text.trim() === '' ? '' : `## ${title}\n\n${text.trim()}`);

/** A helper's brief is also the last of the earlier outputs. It is not repeated. */
function earlier({ priorOutputs, brief }: PromptedJob): string[] {
  const others = priorOutputs.filter(({ output }, at) => at < priorOutputs.length - 1 || output !== brief);
  return others.map(({ step, kind, output }) => section(`What step ${step} (${kind}) made`, output));
}

function sentBack({ previousOutput, feedback, comments }: SentBack): string {
  const remarks = comments.map(({ quote, text }) => (quote === undefined ? `- ${text}` : `- On "${quote}": ${text}`));
  const before = previousOutput.trim() === '' ? '' : `Your previous output:\n\n${previousOutput.trim()}`;
  return ['Your work was sent back, for this reason:', feedback.trim(), remarks.join('\n'), before]
    .filter(Boolean)
    .join('\n\n');
}

function changeSoFar({ change }: PromptedJob, mode: Mode): string {
  const see = `git diff origin/${change.base}...HEAD`;
  const branch = `Work branch: ${change.branch}. Base branch: ${change.base}.`;
  const shown =
    mode === 'resolve' ? `\`${see}\` shows the change, and \`git status\` the conflicts.` : `\`${see}\` shows it.`;
  return `${branch} ${shown}`;
}

function answerSection({ schema, data }: Asked): string {
  if (schema) {
    const text = `End with one JSON object that fits this JSON Schema, and nothing after it. Where you are asked to answer in \`output\`, this object is meant.\n\n\`\`\`json\n${JSON.stringify(schema)}\n\`\`\``;
    return section('Your answer', text);
  }
  return data
    ? section('Your answer', 'End with one JSON object: what you are asked to answer in `output`.')
    : section('Your answer', 'End with a short summary of what you did or found. People read it.');
}

/** Asks to continue after a permission was denied. */
export const withoutPermission =
  'You were denied a permission, and nobody can grant it. Go on without it: stay inside this checkout, and finish the task as well as you can.';

/** Asks for the answer again, in the wanted shape. */
export const repairPrompt = (misfits: readonly string[], schema: object): string =>
  [
    'Your last message does not contain the answer in the wanted shape:',
    misfits.map((each) => `- ${each}`).join('\n'),
    'Answer now with one JSON object that fits this JSON Schema, and with nothing else. Change no files.',
    `\`\`\`json\n${JSON.stringify(schema)}\n\`\`\``,
  ].join('\n\n');
