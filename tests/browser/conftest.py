"""What the browser tests share: a copy of the course, JupyterLab on it, and a Chromium."""

import shutil

import pytest
from lab import Tab, running_lab, start_chromium
from playwright.sync_api import sync_playwright

from course import ROOT

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "out", "work", "coco_captioning", "*.zip",
                                  "tests", "benchmarks")


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course in a folder such as learners have, with a space and a letter."""
    folder = tmp_path_factory.mktemp("copy") / "Mein Kurs für alle"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    return folder


@pytest.fixture(scope="session")
def server(course, tmp_path_factory):
    with running_lab(course, tmp_path_factory.mktemp("jupyter")) as address_and_token:
        yield address_and_token


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = start_chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser, server):
    tab = Tab(browser, *server)
    yield tab
    tab.close()
