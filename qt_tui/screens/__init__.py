"""The modes and the dialogs, one file each."""
