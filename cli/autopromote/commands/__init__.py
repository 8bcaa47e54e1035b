"""The commands: a folder for each topic, a file for each verb; a topic's list is `index`."""
