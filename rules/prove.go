package rules

func (c *compiler) prove() {}
