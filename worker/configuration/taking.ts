/** Removes our own variables from an environment, and returns the original one. */
export function takeOwnVariables(from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const whole = { ...from };
  for (const name of Object.keys(whole)) if (/^(GATEHOUSE|TEMPORAL)_/.test(name)) delete from[name];
  return whole;
}
