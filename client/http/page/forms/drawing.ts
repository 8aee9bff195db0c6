import { html, type Html } from '../html.ts';
import { fieldsOf, type Field, type NamedField } from './schema.ts';
import { ROWS, type Sent } from './typed.ts';

export interface Choice {
  value: string;
  label: string;
}

/** What the forms of a run know besides their schemas. */
export interface Drawing {
  /** Makes the ids of one form's fields differ from those of another one. */
  id: string;
  /** What was typed before, if the action was refused. */
  typed?: Sent | undefined;
  /** Texts to begin with, by field. */
  begin?: Record<string, string | undefined> | undefined;
  /** What a field can be, where its schema does not say, by field. */
  choices?: Record<string, readonly Choice[] | undefined> | undefined;
}

/** Longer texts get a box of several lines. */
const ONE_LINE = 200;

const LABELS: Record<string, string> = {
  findings: 'Findings',
  proposal: 'The output, as you want it',
  feedback: 'Feedback',
  comments: 'Comments on passages',
  quote: 'Passage',
  text: 'Comment',
  reason: 'Reason',
  choice: 'Choice',
  finding: 'Finding',
  reply: 'Answer',
  step: 'Step',
  minutes: 'Minutes',
  note: 'Note for the log',
};

const labelOf = (name: string): string => {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return LABELS[name] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
};

/** The fields of an action's form. */
export const drawFields = (schema: unknown, drawing: Drawing): Html[] =>
  fieldsOf(schema).map((named) => drawField(named, drawing));

function drawField({ name, field, required }: NamedField, drawing: Drawing): Html {
  const { const: fixed } = field;
  if (fixed !== undefined) return html`<input type="hidden" name="${name}" value="${String(fixed)}" />`;
  if (field.items?.type === 'object') return drawRows(name, Object.keys(field.items.properties ?? {}), drawing);
  const choices = drawing.choices?.[name] ?? field.enum?.map((each) => ({ value: String(each), label: String(each) }));
  if (choices && field.type === 'array') return drawBoxes(name, choices, drawing);
  const id = `${drawing.id}-${name}`;
  const value = drawing.typed?.[name]?.[0] ?? drawing.begin?.[name] ?? '';
  const control = choices
    ? drawSelect({ id, name, required, choices, value })
    : drawText({ id, name, required, field, value });
  const optional = !required && html` <span class="soft">optional</span>`;
  return html`<div class="field"><label for="${id}">${labelOf(name)}${optional}</label>${control}</div>`;
}

interface Control {
  id: string;
  name: string;
  required: boolean;
  value: string;
}

const drawSelect = ({ id, name, required, value, choices }: Control & { choices: readonly Choice[] }): Html =>
  html`<select id="${id}" name="${name}" ${needed(required)}>
    ${choices.map((each) => html`<option value="${each.value}" ${each.value === value && html` selected`}>${each.label}</option>`)}
  </select>`;

function drawText({ id, name, required, value, field }: Control & { field: Field }): Html {
  const { type, maxLength = Infinity, minimum, maximum } = field;
  if (type === 'integer' || type === 'number')
    return html`<input
      id="${id}"
      name="${name}"
      type="number"
      inputmode="numeric"
      value="${value}"
      ${bound('min', minimum)}${bound('max', maximum)}${needed(required)}
    />`;
  const most = bound('maxlength', Number.isFinite(maxLength) ? maxLength : undefined);
  if (maxLength <= ONE_LINE)
    return html`<input id="${id}" name="${name}" type="text" value="${value}" ${most}${needed(required)} />`;
  const rows = name === 'note' ? 2 : 5;
  return box(html`id="${id}" name="${name}" rows="${rows}" ${most}${needed(required)}`, value);
}

/** A browser drops the first line break of a box. */
const box = (attributes: Html, text: string): Html => html`<textarea ${attributes}>${`\n${text}`}</textarea>`;

const needed = (required: boolean): Html | false => required && html` required`;
const bound = (name: string, value: number | undefined): Html | false =>
  value !== undefined && html` ${name}="${value}"`;

const drawBoxes = (name: string, choices: readonly Choice[], { id, typed }: Drawing): Html =>
  html`<fieldset>
    <legend>${labelOf(name)} <span class="soft">none means all</span></legend>
    ${choices.map(
      ({ value, label }, n) =>
        html`<label class="box" for="${id}-${name}-${n}"
          ><input
            type="checkbox"
            id="${id}-${name}-${n}"
            name="${name}"
            value="${value}"
            ${typed?.[name]?.includes(value) === true && html` checked`}
          />
          ${label}</label
        >`,
    )}
  </fieldset>`;

function drawRows(name: string, keys: readonly string[], { id, typed }: Drawing): Html {
  const valueAt = (row: number, key: string) => typed?.[`${name}.${row}.${key}`]?.[0] ?? '';
  const isOpen = Array.from({ length: ROWS }, (_, row) => keys.some((key) => valueAt(row, key) !== '')).includes(true);
  const cell = (row: number, key: string) => {
    const at = `${name}.${row}.${key}`;
    const label = html`<label for="${id}-${at}">${labelOf(key)} ${row + 1}</label>`;
    return html`<div class="field">
      ${label}${box(html`id="${id}-${at}" name="${at}" rows="2"`, valueAt(row, key))}
    </div>`;
  };
  return html`<details${isOpen && html` open`}><summary>${labelOf(name)} <span class="soft">optional</span></summary>
${Array.from({ length: ROWS }, (_, row) => html`<div class="row">${keys.map((key) => cell(row, key))}</div>`)}
</details>`;
}
