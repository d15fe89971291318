import pytest
from click.testing import CliRunner

from backbone.cli.main import backbone

FILES = {
    "backbone.yml": "name: shop\nengine: {kind: duckdb, threads: 1}\n",
    "sources/till.yml": (
        "collector: files\npath: inbox/*.csv\ndatasets: {sales: 'sales_*.csv'}\n"
        "delivers: increments\n"
    ),
    "formatted/sales.yml": (
        "from: landing.sales\n"
        "description: What was sold.\n"
        "read: {format: csv}\n"
        "columns:\n"
        "  id: {type: integer, description: The number on the receipt.}\n"
        "  day: {type: date}\n"
        "  shop: {type: string}\n"
        "  amount: {type: 'decimal(18,2)', unit: EUR}\n"
        "key: [id]\n"
    ),
    "trusted/sales.yml": (
        "clean:\n"
        "  - {columns: [shop], do: [trim]}\n"
        "rules:\n"
        "  - {name: positive, range: {amount: [0, ~]}, action: quarantine}\n"
        "  - {name: known_shop, accepted: {shop: [north, south]}, action: flag}\n"
    ),
    "exploitation/by_shop.sql": (
        "select shop, count(*) as sales, sum(amount) as amount\n"
        "from trusted.sales\ngroup by shop\n"
    ),
    "exploitation/by_shop.yml": "grain: [shop]\n",
    "inbox/sales_1.csv": (
        "id,day,shop,amount\n1,2024-01-01,north,1.50\n2,2024-01-01, south,2.25\n"
        "3,2024-01-02,north,-4.00\n4,2024-01-02,west,0.10\n5,2024-01-02,south\n"
    ),
}


def write_project(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def project(tmp_path):
    """A project that has not been run."""
    return write_project(tmp_path / "shop")


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A project that has been run once; tests only look at it."""
    folder = write_project(tmp_path_factory.mktemp("ran") / "shop")
    result = CliRunner().invoke(backbone, ["-C", str(folder), "run"])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def call():
    """Call the command line in this process."""
    runner = CliRunner()

    def call(*args, **kwargs):
        return runner.invoke(backbone, [str(arg) for arg in args], **kwargs)

    return call
