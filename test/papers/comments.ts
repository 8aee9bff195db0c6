import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMAS = ['object', 'strictObject', 'looseObject'];

/**
 * The comment above each key of a schema, by the key's path. `name` is the constant or the property that holds the schema;
 * a file with several of that name has them together.
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

/** The object literal that a schema is made of: the node itself, or the first one that is given to `z.object` or its kin. */
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
