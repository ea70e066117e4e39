"""A JupyterLab of its own and a tab in a browser, as the tests drive them."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome",
             "msedge", "microsoft-edge",
             "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
             "/Applications/Chromium.app/Contents/MacOS/Chromium",
             r"C:\Program Files\Google\Chrome\Application\chrome.exe",
             r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe")
FLAGS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SECONDS = 60  # that anything may take before a test gives up


def find_chromium():
    """The path of an installed Chromium, Chrome or Edge: `CHROMIUM` if that is set."""
    named = os.environ.get("CHROMIUM")
    found = [shutil.which(name) for name in ([named] if named else CHROMIUMS)]
    path = next(filter(None, found), None)
    if path is None:
        raise FileNotFoundError(
            f"there is no program {named!r}, which CHROMIUM names" if named else
            "the browser test needs Chromium, Chrome or Edge, and found none. Install one (Debian: "
            "sudo apt install chromium), or name its program in the variable CHROMIUM")
    return path


def start_chromium(playwright):
    """A browser without a window. Root needs `--no-sandbox`."""
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS + root)


@contextlib.contextmanager
def running_lab(folder, private):
    """JupyterLab on a folder, with all its own files in the folder `private`; yields its address.

    It asks nothing of any host but this one.
    """
    token, port = secrets.token_hex(8), _free_port()
    settings = private / "settings" / "@jupyterlab"
    for name, text in {
        "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
        "docmanager-extension/plugin": '{"autosave": false}',  # each save is one of the tests
    }.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / f"{name}.jupyterlab-settings").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("JUPYTER", "CS231N_", "MPLBACKEND"))}
    environment |= {f"JUPYTER_{name}_DIR": str(private / name.lower())
                    for name in ("CONFIG", "DATA", "RUNTIME")}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
                    "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
                    "IPYTHONDIR": str(private / "ipython"), "CS231N_DATASET": "emoji_scenes"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
               f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
    with open(private / "log.txt", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for_server(server, f"{address}/api?token={token}", private / "log.txt")
            yield address, token
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_server(server, address, log):
    for _ in range(10 * SECONDS):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    text = Path(log).read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"JupyterLab did not start:\n{text}")


class Tab:
    """A tab of the browser with a notebook in JupyterLab."""

    def __init__(self, browser, address, token):
        self.address, self.token = address, token
        self.blocked = []  # addresses that something asked for, and did not get
        self._context = browser.new_context(viewport={"width": 1200, "height": 2000})
        self._context.route("**/*", self._let_local_only_through)
        self.page = self._context.new_page()
        self.page.set_default_timeout(1000 * SECONDS)

    def _let_local_only_through(self, route):
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):  # None: data:, blob:
            route.continue_()
        else:
            self.blocked.append(route.request.url)
            route.abort()

    def close(self):
        self._context.close()

    def open_lab(self, path=""):
        """Open JupyterLab, in a workspace of its own: no tab of an earlier test comes back."""
        workspace = secrets.token_hex(4)
        place = f"/tree/{quote(path)}" if path else ""
        self.page.goto(f"{self.address}/lab/workspaces/{workspace}{place}?token={self.token}")
        self.page.wait_for_function("window.jupyterapp?.shell?.currentWidget")

    def open(self, path):
        """Open a notebook, and wait until its kernel listens."""
        self.open_lab(path)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status"
            " === 'idle'")
        # Only now does JupyterLab write down which language the kernel speaks.
        self.notebook("(await panel.sessionContext.session.kernel.info, null)")

    def notebook(self, expression):
        """The value of a JavaScript expression in which `panel` and `content` are the notebook."""
        return self.page.evaluate(f"""async () => {{
            const panel = window.jupyterapp.shell.currentWidget, content = panel.content;
            return {expression};
        }}""")

    def command(self, name, **arguments):
        """Run a command of JupyterLab's menus, and wait until it is done."""
        self.page.evaluate("async ([name, args]) => {"
                           " await window.jupyterapp.commands.execute(name, args); }",
                           [name, arguments])

    def start(self, name):
        """Run a command, and do not wait for what it does."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    # ---- Cells ----------------------------------------------------------------------------------

    def cell(self, number):
        """A cell as a locator, scrolled to: JupyterLab draws only cells near the viewport."""
        self.notebook(f"(content.activeCellIndex = {number},"
                      f" await content.scrollToItem({number}, 'center'), null)")
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{number}"]')

    def run(self, number):
        """Run one cell, and return its output as a locator when the kernel is through with it."""
        cell = self.cell(number)
        self.command("notebook:run-cell")
        self.wait_until_idle()
        return cell.locator(".jp-Cell-outputArea")

    def wait_until_idle(self):
        self.page.wait_for_function("""
            () => window.jupyterapp.shell.currentWidget.content.widgets.every(
                cell => !cell.prompt?.includes('*') && cell.model.executionState !== 'running')
            && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status
                === 'idle'""")

    def write_into(self, number, text):
        """Replace a cell's text, as a learner who pastes does."""
        cell = self.cell(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def saved_cells(self):
        """The cells as they would be saved."""
        return self.notebook("content.model.toJSON()")["cells"]

    def is_dirty(self):
        """Whether the tab says that there is something to save."""
        return self.notebook("panel.context.model.dirty")

    def save(self):
        """Save, and wait for the mark on the tab to go."""
        self.command("docmanager:save")
        self.page.wait_for_function(
            "!window.jupyterapp.shell.currentWidget.context.model.dirty")

    def shut_down_kernel(self):
        self.notebook("(await panel.sessionContext.shutdown(), null)")

    # ---- What is on a page ----------------------------------------------------------------------

    def show(self, path):
        """Open a further notebook beside what is open, without a kernel."""
        self.command("docmanager:open", path=path,
                     kernelPreference={"shouldStart": False, "canStart": False})
        self.page.wait_for_function("""path => {
            const panel = window.jupyterapp.shell.currentWidget;
            return panel?.context?.path === path && panel.content.widgets?.length
                && panel.isVisible; }""", arg=path)

    def look_through(self):
        """Go from the first cell to the last, and look at each when all of it is drawn.

        Returns:
            A dictionary: `pictures`, a list of {alt, loaded, where}; `formulas`, how many were
            drawn; `raw_formulas`, those that were not; `badges`, a list of {word, ink, fill}.
        """
        return self.page.evaluate(LOOK_THROUGH, SECONDS)


LOOK_THROUGH = r"""async seconds => {
    const content = window.jupyterapp.shell.currentWidget.content;
    await Promise.resolve(window.jupyterapp.shell.currentWidget.context.ready);
    const scroller = content.node.querySelector('.jp-WindowedPanel-outer') || content.node;
    const pause = ms => new Promise(done => setTimeout(done, ms));
    const found = {pictures: new Map(), formulas: new Set(), raw: new Set(), badges: new Map()};

    function visible() {
        const frame = scroller.getBoundingClientRect();
        return content.widgets.filter(cell => {
            const box = cell.node.getBoundingClientRect();
            return cell.isAttached && box.height
                && box.bottom > frame.top && box.top < frame.bottom;
        });
    }
    function rawFormulas(cell) {
        if (cell.model.type !== 'markdown') return [];
        const text = cell.node.querySelector('.jp-RenderedMarkdown')?.cloneNode(true);
        text?.querySelectorAll('code, pre, mjx-container').forEach(part => part.remove());
        return text?.textContent.match(/\$[^$]+\$/g) || [];
    }
    function drawn(cell) {
        const parts = [...cell.node.querySelectorAll(
            '.jp-OutputArea-output, .jp-RenderedMarkdown')];
        const due = cell.model.type === 'markdown' ? 1 : cell.model.outputs?.length || 0;
        return !cell.isPlaceholder() && rawFormulas(cell).length === 0
            && parts.filter(part => part.childNodes.length).length >= due
            && [...cell.node.querySelectorAll('img')].every(image => image.complete);
    }
    function look(cell) {
        const where = cell.model.id;
        cell.node.querySelectorAll('img').forEach((image, i) => found.pictures.set(
            where + i, {where, alt: image.alt, loaded: image.naturalWidth > 0}));
        cell.node.querySelectorAll('mjx-container').forEach(
            (formula, i) => found.formulas.add(where + i));
        rawFormulas(cell).forEach(formula => found.raw.add(where + ': ' + formula));
        cell.node.querySelectorAll('.jp-OutputArea span').forEach((span, i) => {
            const style = getComputedStyle(span);
            found.badges.set(where + i, {word: span.textContent, ink: style.color,
                                         fill: style.backgroundColor, where});
        });
    }
    const end = Date.now() + 1000 * seconds;
    async function until(met, what) {
        while (!met()) {
            if (Date.now() > end) throw new Error(`${what} was not drawn in time`);
            await pause(20);
        }
    }
    await until(() => content.model?.cells.length && content.widgets.length
                      === content.model.cells.length, 'the list of cells');
    // From cell to cell, not from page to page: the height of a notebook of which nothing is drawn
    // yet is a guess, and its end may be in sight long before its cells are.
    for (let i = 0; i < content.widgets.length; i++) {
        const cell = content.widgets[i];
        if (visible().includes(cell) && drawn(cell)) { look(cell); continue; }
        await content.scrollToItem(i, 'start');
        await until(() => visible().includes(cell), `cell ${i}`);
        for (let tries = 0; tries < 500 && !drawn(cell); tries++) await pause(20);
        look(cell);  // a formula that is never drawn is what the test looks for
    }
    return {pictures: [...found.pictures.values()], formulas: found.formulas.size,
            raw_formulas: [...found.raw], badges: [...found.badges.values()]};
}"""
