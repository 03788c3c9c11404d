PY = .venv/bin/python
.PHONY: notebooks records
notebooks:
	@$(PY) tools/execute.py $(CHAPTER)
records:
	@$(PY) tools/record.py $(CHAPTER)
