"""Where everything lands: a ClickHouse server or chDB in a folder, behind one small interface."""
