/**
 * The environment of a command: this worker's, without gatehouse's own variables and without those that point git at another
 * repository (`git rev-parse --local-env-vars`). A git hook or alias that starts a worker sets the latter.
 */
export const environmentFor = (environment: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN.test(name) && !LOCAL_TO_GIT.has(name))),
  ...own,
});
const OWN = /^(?:GATEHOUSE|TEMPORAL)_/;
const LOCAL_TO_GIT = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
  'GIT_QUARANTINE_PATH',
]);
