/**
 * States in which agents leave a checkout, as scripts that run one after another. `kept` commits everything and records the
 * commit in the file `$COMMITS`. `lost` clears that record, for scripts that destroy what was committed.
 */
export const PRELUDE = `
  kept() { git add -A >/dev/null 2>&1; git commit -qm "work $1" >/dev/null 2>&1 && git rev-parse HEAD >> $COMMITS; }
  lost() { : > $COMMITS; }
`;

export const LEAVINGS: Record<string, string> = {
  'a new file': 'echo $SEED > new-$SEED',
  'a commit': 'echo $SEED > made-$SEED; kept one',
  'two commits': 'echo 1 > m1-$SEED; kept one; echo 2 > m2-$SEED; kept two',
  'a removed file': 'rm -rf docs',
  'a changed mode': 'chmod 755 a.txt; chmod 000 text',
  'a closed folder': 'mkdir -p closed/in; echo x > closed/in/x; chmod 000 closed',
  'an empty nested repository': 'mkdir -p gen/web; git init -q gen/web; echo x > gen/web/x',
  'a nested repository': 'mkdir -p gen2; (cd gen2; git init -q; echo x > x; git add .; git commit -qm x)',
  'a nested repository, committed':
    'mkdir -p gen3; (cd gen3; git init -q; echo x > x; git add .; git commit -qm x); kept linked',
  'a clone': 'git clone -q . ../cloned-$SEED; git clone -q ../cloned-$SEED vendor',
  'a bare repository': 'git init -q --bare store.git',
  links: 'ln -s /dev/zero zero; ln -s / root; ln -s nowhere dangling; ln -s . loop',
  'a link in place of a folder': 'rm -rf docs; ln -s /etc docs',
  'a pipe': 'mkfifo pipe',
  'a pipe in place of a file': 'rm -f a.txt; mkfifo a.txt',
  locks:
    ': > .git/index.lock; : > .git/HEAD.lock; : > .git/refs/heads/work.lock; : > .git/packed-refs.lock; : > .git/config.lock',
  hooks:
    'mkdir -p .git/hooks; for h in pre-commit post-commit reference-transaction post-index-change; do printf "#!/bin/sh\\ntouch $TRAP\\n" > .git/hooks/$h; chmod +x .git/hooks/$h; done',
  filters:
    'git config filter.t.clean "touch $TRAP; sleep 60; cat"; git config filter.t.required true; mkdir -p .git/info; echo "* filter=t" > .git/info/attributes',
  'a monitor of files': 'git config core.fsmonitor "touch $TRAP; false"',
  'a broken configuration': 'echo "[[[" > .git/config',
  'a bare configuration': 'git config core.bare true; git config core.worktree /tmp',
  extensions: 'git config core.repositoryformatversion 1; git config extensions.unknown true',
  'a branch ahead': 'git checkout -qb ahead-$SEED; echo x > ahead-$SEED; kept ahead; git checkout -q work',
  'a branch that stays checked out': 'git checkout -qb mine-$SEED; echo x > mine-$SEED; kept mine',
  'a detached head': 'git checkout -q --detach; echo x > detached-$SEED; kept detached',
  'a lost commit': 'git checkout -q --detach; echo x > lost-$SEED; kept lost; git checkout -q work',
  'a stash': 'echo stash-$SEED >> a.txt; git stash -q && git rev-parse refs/stash >> $COMMITS',
  'a tag': 'echo x > tagged-$SEED; kept tagged; git tag v-$SEED; git reset -q --hard HEAD~1',
  'an orphan': 'git checkout -q --orphan orphan-$SEED; echo x > orphan; kept orphan',
  'a reset': 'echo x > undone-$SEED; kept undone; git reset -q --hard HEAD~1',
  'an amended base commit': 'git commit -q --amend --allow-empty -m amended',
  'a HEAD without a commit': 'git symbolic-ref HEAD refs/heads/missing',
  'an invalid HEAD': 'echo nonsense > .git/HEAD',
  'an unfinished merge': 'git merge -q origin/other >/dev/null 2>&1',
  'an unfinished merge, added': 'git merge -q origin/other >/dev/null 2>&1; git add -A',
  'a committed merge with marks': 'git merge -q origin/other >/dev/null 2>&1; kept merged',
  'an unfinished rebase': 'echo mine-$SEED > text; kept text; git rebase -q origin/other >/dev/null 2>&1',
  'an unfinished cherry-pick': 'git cherry-pick origin/other >/dev/null 2>&1',
  'a cherry-pick with marks': 'git cherry-pick origin/other >/dev/null 2>&1; kept picked',
  'a bisect':
    'git bisect start -q >/dev/null 2>&1; git bisect bad >/dev/null 2>&1; git bisect good HEAD~1 >/dev/null 2>&1',
  'a sparse checkout': 'git sparse-checkout set docs >/dev/null 2>&1',
  'a worktree':
    'git worktree add -q -b wt-$SEED wt; (cd wt; echo x > wt-$SEED; git add -A; git commit -qm wt; git rev-parse HEAD >> $COMMITS)',
  'a split index': 'git update-index --split-index',
  'a broken index': 'echo broken > .git/index',
  'no index': 'rm -f .git/index',
  'hidden files':
    'git update-index --assume-unchanged a.txt; git update-index --skip-worktree text; echo hidden >> a.txt',
  'a huge file': 'truncate -s 3G huge',
  'many files':
    'mkdir -p many; for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1 2 3 4 5 6 7 8 9; do echo $i$j > many/$i$j; done; done',
  'odd names':
    "echo x > 'a b'; echo x > \"$(printf 'c\\nd')\"; echo x > \"$(printf 'e\\377')\"; echo x > -f; echo x > 'é'",
  'ignored files': 'mkdir -p build; echo x > build/out',
  'an unnamed submodule link':
    'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub 2>/dev/null; git commit -qm sub',
  'packed objects': 'git gc -q 2>/dev/null; git pack-refs --all',
  'invalid refs':
    'mkdir -p .git/refs/heads/x; echo nonsense > .git/refs/heads/x/y; ln -s /dev/zero .git/refs/heads/zero; mkfifo .git/refs/heads/pipe',
  alternates:
    'mkdir -p .git/objects/info; echo /nonexistent >> .git/objects/info/alternates; mkdir -p .git/objects/ff; mkfifo .git/objects/ff/00000000000000000000000000000000000000',
};

/** After one of these the checkout is no longer the agent's repository, so each is the last thing that an agent does. */
export const LAST: Record<string, string> = {
  nothing: 'true',
  'no .git': 'rm -rf .git; lost',
  'a new .git': 'rm -rf .git; lost; git init -q -b main; echo x > x; kept anew',
  'a gitfile': 'rm -rf .git; lost; echo "gitdir: $OWNER/.git" > .git',
  'a link in place of .git': 'rm -rf .git; lost; ln -s $OWNER/.git .git',
  'no objects': 'rm -rf .git/objects; lost',
  'no checkout': 'cd ..; rm -rf tree; lost',
};
