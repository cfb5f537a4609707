// Starts `rewardlang lsp` and hands it the open .reward files.
const fs = require("fs");
const path = require("path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

/** The command to start: the setting, with the workspace filled in; else the one of the workspace's own venv. */
function command() {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const setting = vscode.workspace.getConfiguration("rewardlang").get("path", "rewardlang");
  const chosen = setting.replace("${workspaceFolder}", folder);
  const inVenv = process.platform === "win32" ? ["Scripts", "rewardlang.exe"] : ["bin", "rewardlang"];
  const own = path.join(folder, ".venv", ...inVenv);
  return setting === "rewardlang" && folder && fs.existsSync(own) ? own : chosen;
}

async function start() {
  const run = { command: command(), args: ["lsp"] };
  client = new LanguageClient("rewardlang", "rewardlang", { run, debug: run }, {
    documentSelector: [{ language: "reward" }],
    initializationOptions: { task: vscode.workspace.getConfiguration("rewardlang").get("task", "") },
    synchronize: {
      configurationSection: "rewardlang",
      fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.reward,task.yaml}"),
    },
  });
  try {
    await client.start();
  } catch (problem) {
    const text = `rewardlang: \`${run.command} lsp\` does not start: ${problem.message ?? problem}. ` +
      "Install its language server (pip install -e '.[lsp]' in a clone of rewardlang) and set rewardlang.path if it is in a venv.";
    const choice = await vscode.window.showErrorMessage(text, "Open the setting");
    if (choice) await vscode.commands.executeCommand("workbench.action.openSettings", "rewardlang.path");
  }
}

async function stop() {
  const old = client;
  client = undefined;
  if (old?.isRunning()) await old.stop();
}

async function activate(context) {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand("rewardlang.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("rewardlang.path") && restart()),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
