import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMAS = ['object', 'strictObject', 'looseObject'];

/**
 * The comment above each key of a schema, by the path of the key. `name` is the constant or property that contains the
 * schema. If several in the file have that name, their comments are combined.
 */
export function commentsOf(file: string, name: string): Map<string, string> {
  const text = readFileSync(root + file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    const holds = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node);
    if (holds && node.name.getText() === name) collect(shapeIn(node.initializer), '', found);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function collect(shape: ts.ObjectLiteralExpression | undefined, prefix: string, found: Map<string, string>): void {
  for (const property of shape?.properties ?? []) {
    if (!property.name) continue;
    const key = prefix + property.name.getText();
    const comment = commentAbove(property);
    if (comment !== undefined) found.set(key, comment);
    if (ts.isPropertyAssignment(property)) collect(shapeIn(property.initializer), `${key}.`, found);
  }
}

/** The object literal of a schema: the node itself, or the first argument of `z.object` or a similar function. */
function shapeIn(node: ts.Node | undefined): ts.ObjectLiteralExpression | undefined {
  if (!node || ts.isObjectLiteralExpression(node)) return node;
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const [first] = node.arguments;
    if (SCHEMAS.includes(node.expression.name.text) && first && ts.isObjectLiteralExpression(first)) return first;
  }
  return ts.forEachChild(node, (child) => (ts.isObjectLiteralExpression(child) ? undefined : shapeIn(child)));
}

function commentAbove(node: ts.Node): string | undefined {
  const text = node.getSourceFile().text;
  const last = ts.getLeadingCommentRanges(text, node.pos)?.at(-1);
  const comment = last && text.slice(last.pos, last.end);
  if (!comment?.startsWith('/**')) return undefined;
  return comment
    .slice(3, -2)
    .replace(/^ *\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}
